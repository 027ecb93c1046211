"""What a verdict is bound to, and what must be equal before two arms may be compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.files import read_json
from workbench.harness_samples import SAMPLES

BOUND = (
    "base",
    "weights_sha256",
    "adapter_sha256",
    "adapter_config_sha256",
    "prompt_sha256",
    "scale",
    "dtype",
    "batch_size",
    "items_sha256",
    "suite",
)


def bound_to(manifest: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """What the verdict on an arm holds for: base, weights, settings, strength, items.

    A hash that an evaluation of an earlier release did not write is None.
    """
    suite = manifest.get("suite")
    shared = {
        "base": manifest.get("base"),
        "items_sha256": manifest.get("items_sha256"),
        "suite": suite.get("name") if isinstance(suite, dict) else suite,
    }
    own = arm_entry(manifest, arm)
    return {name: shared[name] if name in shared else own.get(name) for name in BOUND}


def arm_entry(manifest: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """The manifest's lines on one arm; none when it has none."""
    found: dict[str, Any] = next((e for e in manifest.get("arms", []) if e.get("name") == arm), {})
    return found


def check_harness_folders(baseline: Path, candidate: Path) -> None:
    """Refuse two output folders of the harness that were not made in the same way.

    Batch size, number format and limit must be equal where both folders tell them, and no run
    may have used the harness's request cache, whose key has no model in it (it then reports
    one model's answers as another's). Raises `InputError`.
    """
    told = [_settings(path) for path in (baseline, candidate) if path.is_dir()]
    for config, path in told:
        if config.get("use_cache"):
            raise InputError(
                "these scores were made with the harness's request cache",
                where=str(path),
                remedy="run lm_eval again without --use_cache: its key has no model in it",
            )
    if len(told) < 2:
        return
    (old, _), (new, path) = told
    for name in ("batch_size", "model_dtype"):
        if None not in (old.get(name), new.get(name)) and str(old[name]) != str(new[name]):
            raise InputError(
                f"{name.replace('_', ' ')} differs between baseline and candidate",
                where=f"{old[name]} and {new[name]}, {path.name}",
                remedy="run lm_eval again with the same settings for both",
            )


def _settings(folder: Path) -> tuple[dict[str, Any], Path]:
    """The settings of the runs whose samples count; one that differs among them is left open."""
    newest: dict[str, tuple[str, Path]] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        found = SAMPLES.match(path.stem)
        if found and found["when"] >= newest.get(found["task"], ("", path))[0]:
            newest[found["task"]] = (found["when"], path.with_name(f"results_{found['when']}.json"))
    files = sorted({path for _, path in newest.values() if path.is_file()})
    configs = [config for path in files if isinstance(config := read_json(path).get("config"), dict)]
    settings: dict[str, Any] = {}
    for name in ("use_cache", "batch_size", "model_dtype"):
        values = {str(config.get(name)): config.get(name) for config in configs}
        settings[name] = (
            next((v for v in values.values() if v), None) if name == "use_cache" else _only(values)
        )
    return settings, files[-1] if files else folder


def _only(values: Mapping[str, Any]) -> Any:
    return next(iter(values.values())) if len(values) == 1 else None
