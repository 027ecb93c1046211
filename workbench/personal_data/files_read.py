"""Which files, besides code, decide what is found: the lists and models of names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from workbench.errors import NotFoundError
from workbench.files import file_sha256
from workbench.names.settings import Names


def shipped_files() -> dict[str, str]:
    """SHA-256 by name of the lists of names and words, and of the card that names the model's digests."""
    from workbench.names import crf, dictionary, lexicon, public, words

    paths = (crf.card_path(crf.MODEL), lexicon.LEXICON, dictionary.DICTIONARY, public.LIST, words.LISTS)
    return {path.name: file_sha256(path) if path.is_file() else "" for path in paths}


def model_files(names: Names) -> list[tuple[str, int, int]]:
    """Name, bytes and time of change (ns) of each file of the model that the settings name.

    Not hashed, as a model may have gigabytes. Empty without a named model, or when it is not here:
    making the finder says so.
    """
    folder = _folder(names)
    if folder is None:
        return []
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            told = path.stat()
            found.append((path.relative_to(folder).as_posix(), told.st_size, told.st_mtime_ns))
    return found


def _folder(names: Names) -> Path | None:
    if names.model is None:
        return None
    if Path(names.model).is_dir():
        return Path(names.model)
    if names.backend == "spacy":  # a model that was installed as a package
        spec = importlib.util.find_spec(names.model) if names.model.isidentifier() else None
        return None if spec is None or spec.origin is None else Path(spec.origin).parent
    from workbench.names.backends import local_folder

    try:
        return local_folder(names.model, names.backend)
    except NotFoundError:
        return None
