"""What is exported: an adapter, the base it stands on, and the strength it is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.files import read_json
from workbench.lineage import adapter_history
from workbench.models import TINY_CHAT
from workbench.projects import Project
from workbench.tiny_chat import model_path


@dataclass(frozen=True)
class Source:
    """An adapter folder, the model it changes, and the trainings that made it, oldest first.

    ``base`` is empty for an adapter from elsewhere that names none.
    """

    folder: Path
    base: str
    scale: float
    trainings: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """The run's id, or the folder's name for an adapter from elsewhere."""
        return self.folder.parent.name if self.folder.name == "adapter" else self.folder.name

    @property
    def base_name(self) -> str:
        """The base as papers may show it: a hub name, or the last part of a path on this machine."""
        return shown(self.base)


def open_source(project: Project, adapter: str | Path, scale: float = 1.0) -> Source:
    """Find an adapter by run id or folder. Raises `NotFoundError` and `InputError`."""
    from workbench.evaluation.arms import Arm, check_scale
    from workbench.training.session import find_adapter

    folder = find_adapter(project, str(adapter))
    if scale <= 0.0:
        raise InputError(
            "an adapter without strength is the base itself",
            where=f"strength {scale:g}",
            remedy="give --scale a number above 0",
        )
    check_scale(Arm(folder.name, "adapter", adapter=str(folder), scale=scale))
    history = adapter_history(project, folder)
    return Source(folder, _base_of(history, folder), scale, history)


def need_base(source: Source) -> None:
    """Raise `InputError` for an adapter that does not say which base it is for."""
    if not source.base:
        raise InputError(
            "the adapter does not say which base it is for",
            where=source.name,
            remedy="write base_model_name_or_path into its adapter_config.json",
        )


def shown(name: str) -> str:
    """A model's name without the folders of this machine."""
    path = Path(name)
    if path.is_absolute() and path == model_path():
        return TINY_CHAT
    return path.name if path.is_absolute() or name.startswith((".", "~")) else name


def without_paths(value: Any) -> Any:
    """Replace absolute paths in plain JSON by their last part: papers travel, folders do not."""
    if isinstance(value, dict):
        return {key: without_paths(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_paths(entry) for entry in value]
    if isinstance(value, str) and value.startswith("/") and "\n" not in value and len(value) < 4096:
        return Path(value).name
    return value


def _base_of(history: list[dict[str, Any]], folder: Path) -> str:
    if history:
        return str(history[-1]["settings"]["base"])
    named = read_json(folder / "adapter_config.json").get("base_model_name_or_path") or ""
    return TINY_CHAT if shown(str(named)) == TINY_CHAT else str(named)
