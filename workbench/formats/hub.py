"""Rows of Hugging Face data sets: by name from the hub, or from a folder that was saved.

The library `datasets` streams them; a data set's own code is never run. The hub is asked only
because the user named a data set, and never when ``HF_HUB_OFFLINE`` says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError, WorkbenchError
from workbench.examples import Example
from workbench.formats.sources import Source

_ADDRESS = re.compile(r"^hf://datasets/([^/@]+/[^/@]+?)(?:@([^/]+))?/?$")
_NAME = re.compile(r"^[A-Za-z0-9][\w.\-]*(/[A-Za-z0-9][\w.\-]*)?$")
_SPLITS = ("train", "validation", "test")
_SAVED = ("dataset_dict.json", "state.json")
_ABSENT = {"DatasetNotFoundError", "FileNotFoundError", "RepositoryNotFoundError"}
_MEDIA = ("Image", "Audio", "Video", "Pdf", "Nifti", "Mesh")


def is_hub_address(given: object) -> bool:
    """Say whether this is ``hf://datasets/ORG/NAME``, a whole data set and no file in it."""
    return isinstance(given, str) and bool(_ADDRESS.match(given))


def is_saved(path: Path) -> bool:
    """Say whether a folder is one that ``Dataset.save_to_disk`` wrote."""
    return any((path / name).is_file() for name in _SAVED)


def hub_sources(
    given: str,
    config: str | None = None,
    split: str | None = None,
    revision: str | None = None,
) -> list[Source]:
    """Return one source for each split of a data set.

    ``given`` is ``ORG/NAME``, ``hf://datasets/ORG/NAME[@REVISION]``, or a folder with data
    files or a saved data set. When several of train, validation and test are read, each row
    keeps its split. Raises `InputError` or `NotFoundError`; offline, before anything is asked.
    """
    address = _ADDRESS.match(given)
    name, revision = (address[1], revision or address[2]) if address else (given, revision)
    folder = Path(given).expanduser()
    local = address is None and bool(given) and folder.is_dir()
    if not local:
        _check_name(name)
        _refuse_offline(name)
    with _hub_errors(name):
        loaded = _saved(folder) if local and is_saved(folder) else _streamed(name, config, revision)
        parts = _parts(loaded, name, split)
    shown = folder.resolve().name if local else name
    keeps = len([part for part in parts if part in _SPLITS]) > 1
    return [
        Source(
            name=f"{shown}/{part}" if part else shown,
            where=f"{name} ({part})" if part else name,
            origin=" ".join([shown, *([part] if part else []), *([f"@{revision}"] if revision else [])]),
            records=partial(_rows, rows, name),
            finish=partial(_with_split, part) if keeps and part in _SPLITS else None,
        )
        for part, rows in parts.items()
    ]


def _saved(folder: Path) -> Any:
    import datasets

    return datasets.load_from_disk(str(folder))


def _streamed(name: str, config: str | None, revision: str | None) -> Any:
    import datasets

    return datasets.load_dataset(name, config, revision=revision, streaming=True)


def _parts(loaded: Any, name: str, split: str | None) -> dict[str, Any]:
    parts = dict(loaded) if isinstance(loaded, Mapping) else {str(loaded.split or ""): loaded}
    if split is None:
        return parts
    if split not in parts:
        raise NotFoundError(
            "the data set has no such split", where=name, remedy=f"one of {', '.join(map(str, parts))}"
        )
    return {split: parts[split]}


def _rows(rows: Any, name: str) -> Iterator[tuple[int, object]]:
    """Yield the rows numbered from 1, without images and sound, which no example can hold."""
    with _hub_errors(name):
        media = {
            column
            for column, feature in (rows.features or {}).items()
            if type(feature).__name__ in _MEDIA or getattr(feature, "dtype", "") == "binary"
        }
        if media:
            rows = rows.remove_columns(sorted(media))
        for number, row in enumerate(rows, start=1):
            yield number, dict(row)


def _with_split(part: str, example: Example) -> Example:
    example["split"] = example.get("split") or part
    return example


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise InputError(
            "this is neither a data set of the hub nor a folder",
            where=name[:80],
            remedy="write ORG/NAME, as on huggingface.co/datasets",
        )


def _refuse_offline(name: str) -> None:
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        if os.environ.get(variable, "").lower() in ("1", "true", "yes", "on"):
            raise InputError(
                f"the hub cannot be asked: {variable} says to stay offline",
                where=name,
                remedy=f"unset {variable}, or download the data set and name its files or folder",
            )


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    """Turn whatever the hub's libraries raise into errors of ours that quote none of it."""
    try:
        yield
    except WorkbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - the libraries beneath raise errors of many families
        kinds = {type(one).__name__ for one in (error, error.__cause__, error.__context__) if one}
        if kinds & _ABSENT:
            raise NotFoundError(
                "there is no such data set, or it is private or cannot be reached",
                where=name,
                remedy="check the name and the network; for a private one run `hf auth login` first",
            ) from None
        raise InputError(
            f"the data set cannot be read ({type(error).__name__})",
            where=name,
            remedy="check --config, --split and --revision, and the network; data sets that need "
            "code of their own cannot be read",
        ) from None
