"""What is shown for a question of a double check, masked or, once that is recorded, in full."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.double_check.samples import Item, Sample
from workbench.errors import InputError
from workbench.finding_filter import FindingFilter
from workbench.finding_queries import as_contract, listed, stream_findings
from workbench.projects import Project
from workbench.reveals import reveal
from workbench.reviewing import examples_of, sensitive_spans
from workbench.value_masks import masked
from workbench.value_snippets import shown_html, shown_text
from workbench.value_texts import Context, context, cut, place_of, text_at, value_at
from workbench.versions import Dataset, open_dataset

WIDTH = 200
ASKED = {
    "finding": "Is the marked text {entity}?",
    "passage": "How many personal data or secrets are not marked here?",
}


@dataclass(frozen=True)
class Question:
    """A question to a person. ``value`` is a finding's in masked form, unless ``revealed``."""

    number: int
    of: int
    ask: str
    words: str
    entity: str
    around: Context
    revealed: bool
    value: str
    file: str
    line: int

    def text(self) -> str:
        """What is asked about, on one line, marks masked unless the value was asked for."""
        return shown_text(self.around, revealed=self.revealed)

    def html(self) -> str:
        """The same as HTML that cannot do anything."""
        return shown_html(self.around, revealed=self.revealed)


def question(
    project: Project, sample: Sample, item: Item, *, show: bool = False, who: str | None = None
) -> Question:
    """What to show for a question; with ``show`` the finding's value too, which is recorded.

    In a passage the values that were found stay masked: only what is not marked is asked about.
    Raises `InputError` when the findings have changed since the sample was drawn.
    """
    dataset = open_dataset(project, sample.dataset)
    with listed(project, dataset) as connection:
        example = examples_of(connection, [item.example_id]).get(item.example_id)
        spans = sensitive_spans(connection, [item.example_id])[item.example_id]
        chosen = FindingFilter(finding=(item.finding,))
        batches = stream_findings(connection, chosen, limit=1) if item.finding else iter(())
        found = [row for batch in batches for row in as_contract(batch)]
    if example is None or (item.finding and not found):
        raise _changed(dataset)
    value = entity = ""
    if item.ask == "finding":
        span = found[0]["evidence"]["spans"][0]
        entity, raw = str(span["entity"]), value_at(example, span)
        seen = context(example, span, spans, width=WIDTH)
        value = masked(raw or "", entity)
        if show and raw is not None:
            reason = f"double check {sample.id}"
            value = reveal(project, dataset, [item.finding], who=who, why=reason)[item.finding][0]
    else:
        place = place_of({"part": item.part, "message": item.message})
        text = text_at(example, place)
        near = [span for span in spans if place_of(span) == place]
        seen = cut(text, item.start, item.end, near) if text is not None else None
    if seen is None:
        raise _changed(dataset)
    return Question(
        number=item.number,
        of=len(sample.items),
        ask=item.ask,
        words=ASKED[item.ask].format(entity=entity),
        entity=entity,
        around=seen,
        revealed=show and item.ask == "finding",
        value=value,
        file=str(example["source"].get("file") or ""),
        line=int(example["source"].get("line") or 0),
    )


def _changed(dataset: Dataset) -> InputError:
    return InputError(
        "the findings have changed since the sample was drawn",
        where=dataset.ref,
        remedy="draw a new one with `workbench double-check draw`",
    )
