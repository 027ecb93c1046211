"""Bill of materials: what the export is made of, as CycloneDX 1.6 with its machine-learning fields.

The layout is that of the CycloneDX 1.6 JSON schema (ECMA-424): the model is a component of type
``machine-learning-model`` with a model card, the base its ancestor, data sets are components of
type ``data``, libraries of type ``library``.
"""

from __future__ import annotations

import importlib.metadata
import json
import uuid
from collections.abc import Mapping
from typing import Any

from workbench import __version__
from workbench.evaluation.hashes import weights_sha256
from workbench.export.licences import UNKNOWN, Licence
from workbench.export.sources import Source
from workbench.lineage import dataset_history
from workbench.projects import Project

MODEL = "model"
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
LONGEST_LICENCE = 80


def bill_of_materials(
    project: Project,
    source: Source,
    licences: list[Licence],
    results: list[dict[str, Any]],
    files: Mapping[str, str],
    when: str,
) -> dict[str, Any]:
    """The bill as plain JSON. ``results``: rows of an evaluation's summary; ``files``: name to SHA-256.

    The serial number is made from the contents, so the same export has the same one.
    """
    data = _data(project, source, licences)
    libraries = _libraries(source)
    model = _model(project, source, licences, results, data) | {"components": _files(files)}
    base = _base(source, licences)
    body = {"components": [base, *data, *libraries], "model": model}
    serial = uuid.uuid5(NAMESPACE, json.dumps(body, sort_keys=True, ensure_ascii=False))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": when,
            "tools": {
                "components": [{"type": "application", "name": "finetune-workbench", "version": __version__}]
            },
            "component": model,
        },
        "components": body["components"],
        "dependencies": [{"ref": MODEL, "dependsOn": [part["bom-ref"] for part in body["components"]]}],
    }


def _model(
    project: Project,
    source: Source,
    licences: list[Licence],
    results: list[dict[str, Any]],
    data: list[dict[str, Any]],
) -> dict[str, Any]:
    own = next(licence for licence in licences if licence.part == "model")
    settings = [
        {"name": f"workbench:training:{key}", "value": str(value)}
        for key, value in (source.trainings[-1]["settings"].items() if source.trainings else [])
        if key in ("method", "lora_r", "lora_alpha", "learning_rate", "epochs", "seed")
    ]
    component = {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": project.name,
        "version": source.name,
        "pedigree": {"ancestors": [_base(source, licences) | {"bom-ref": "ancestor-base"}]},
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "text-generation",
                "architectureFamily": "transformer",
                "datasets": [{"ref": part["bom-ref"]} for part in data],
            },
            "quantitativeAnalysis": {"performanceMetrics": [_metric(row) for row in results]},
        },
        "properties": [{"name": "workbench:scale", "value": f"{source.scale:g}"}, *settings],
    }
    return component | _licensed(own)


def _metric(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": str(row["metric"]),
        "slice": str(row["task"]),
        "value": f"{row['value']:.6f}",
        "confidenceInterval": {"lowerBound": f"{row['low']:.6f}", "upperBound": f"{row['high']:.6f}"},
    }


def _base(source: Source, licences: list[Licence]) -> dict[str, Any]:
    digest = weights_sha256(source.base)
    component = {
        "type": "machine-learning-model",
        "bom-ref": "base",
        "name": source.base_name,
        "properties": [{"name": "workbench:weights_sha256", "value": digest}],
    }
    return component | _licensed(next(licence for licence in licences if licence.part == "base"))


def _data(project: Project, source: Source, licences: list[Licence]) -> list[dict[str, Any]]:
    by_ref = {licence.of: licence for licence in licences if licence.part == "data"}
    components = []
    for ref in by_ref:
        entry = dataset_history(project, ref)[-1]
        name, _, version = ref.partition("@")
        components.append(
            {
                "type": "data",
                "bom-ref": f"data-{ref}",
                "name": name,
                "version": version,
                "data": [{"type": "dataset", "name": ref, "description": f"{entry['rows']} rows"}],
                "properties": [{"name": "workbench:content_hash", "value": str(entry["content_hash"])}],
            }
            | _licensed(by_ref[ref])
        )
    return components


def _libraries(source: Source) -> list[dict[str, Any]]:
    used: dict[str, str] = {}
    for manifest in source.trainings:
        used |= {str(name): str(version) for name, version in manifest.get("libraries", {}).items()}
    return [
        {
            "type": "library",
            "bom-ref": f"library-{name}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version.replace('+', '%2B')}",
        }
        | _licensed(Licence("library", name, _library_licence(name, version), "the package"))
        for name, version in sorted(used.items())
    ]


def _library_licence(name: str, version: str) -> str:
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN
    if told["Version"] != version:
        return UNKNOWN
    for key in ("License-Expression", "License"):
        text = str(told[key]).strip() if key in told else ""
        if text and "\n" not in text and len(text) <= LONGEST_LICENCE:
            return text
    return UNKNOWN


def _files(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "bom-ref": f"file-{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        for name, digest in sorted(files.items())
    ]


def _licensed(licence: Licence) -> dict[str, Any]:
    written = licence.cyclonedx()
    return {"licenses": written} if written else {}
