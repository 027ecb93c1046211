"""Write each form of an export, the widest number format first, from one merge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.evaluation.hashes import weights_dtype
from workbench.export.formats import ADAPTER, Form, served_name
from workbench.export.gguf_model import check_architecture, need_gguf, write_gguf
from workbench.export.serving import modelfile
from workbench.export.sources import Source
from workbench.export.stopping import stop_texts
from workbench.export.weights import base_tokenizer, merged_model, write_adapter, write_merged
from workbench.files import write_text
from workbench.projects import Project


def write_artefacts(
    project: Project, source: Source, forms: Sequence[Form], work: Path, shard_size: str
) -> dict[Form, Path]:
    """Write all forms into a folder; returns where each lies, in the order given.

    GGUF files are written from the float32 sum, so they are rounded once. What cannot be
    written is said before anything is. Raises `InputError` and `MissingExtraError`.
    """
    places = {form: work / form.place(served_name(project.name)) for form in forms}
    ggufs = [form for form in forms if form.kind == "gguf"]
    if ggufs:
        from transformers import AutoConfig

        from workbench.models import resolve_model

        need_gguf()
        check_architecture(AutoConfig.from_pretrained(resolve_model(source.base), trust_remote_code=False))
    write_adapter(source, places[ADAPTER])
    if len(forms) == 1:
        return places
    model = merged_model(source, places[ADAPTER])
    tokenizer = base_tokenizer(source)
    for form in ggufs:
        write_gguf(model, tokenizer, places[form], form.dtype, project.name)
        _write_modelfile(model, tokenizer, places[form], form)
    own = weights_dtype(source.base)
    merged = [(form, own if form.dtype == "base" else form.dtype) for form in forms if form.kind == "merged"]
    ordered = sorted(merged, key=lambda entry: entry[1] != "float32")
    for number, (form, dtype) in enumerate(ordered, 1):
        write_merged(model, tokenizer, places[form], dtype, shard_size)
        if number < len(ordered) and dtype != "float32":
            model = merged_model(source, places[ADAPTER])
    return places


def _write_modelfile(model: Any, tokenizer: Any, place: Path, form: Form) -> None:
    generation = model.generation_config
    stops = stop_texts(tokenizer, generation)
    text = modelfile(place.name, tokenizer, generation, stops, int(model.config.max_position_embeddings))
    write_text(place.parent / f"Modelfile.{form.dtype}", text)
