"""Write an adapter at a strength: the real thing that a scaled arm stood for."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.errors import InputError
from workbench.evaluation.arms import Arm, check_scale
from workbench.files import storage_errors, sweep, sync_folder, temporary_name


def scaled_adapter(adapter: Path, scale: float, folder: Path) -> Path:
    """Write a copy of an adapter whose ``lora_alpha`` holds the strength; returns ``folder``.

    Any program that reads PEFT adapters then gives what the arm with this strength gave. The
    weights stay those that were judged, byte for byte. Raises `InputError` when ``folder`` is
    there already, the strength is 0, or the adapter's strength cannot be scaled.
    """
    from workbench.export.sources import Source
    from workbench.export.weights import write_adapter

    if scale <= 0.0:
        raise InputError("an adapter without strength is the base itself", remedy="give a strength above 0")
    check_scale(Arm(adapter.name, "adapter", adapter=str(adapter), scale=scale))
    if folder.exists():
        raise InputError("this folder is there already", where=str(folder), remedy="name a new folder")
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
        work = temporary_name(folder)
        try:
            write_adapter(Source(adapter, "", scale, []), work)
            work.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return folder
