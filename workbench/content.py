"""Find what is run or read beside the package: pages, trainers, suites, the app.

A checkout has them at its top; a wheel carries them inside the package.
"""

from __future__ import annotations

from pathlib import Path

from workbench.errors import NotFoundError


def content_path(*names: str) -> Path:
    """The path of a shipped file or folder, such as ``content_path("trainers", "sft.py")``."""
    package = Path(__file__).parent
    for home in (package / "_content", package.parent):
        path = home.joinpath(*names)
        if path.exists():
            return path
    raise NotFoundError(
        f"the installation lacks {'/'.join(names)}",
        where=str(package),
        remedy="install Workbench again from its wheel or checkout",
    )
