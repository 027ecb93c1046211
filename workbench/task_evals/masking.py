"""Texts made fit to leave this machine: personal data and secrets replaced by what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOT_SCANNED = "<TEXT_NOT_SCANNED>"


def masked_texts(texts: Sequence[str]) -> list[str]:
    """The texts of one conversation with each value as ``<EMAIL_ADDRESS>`` or ``<API_KEY>``.

    A text that could not be wholly scanned is left out, since nothing found in it means nothing.
    """
    from workbench.personal_data.detecting import detector
    from workbench.personal_data.settings import Detection
    from workbench.steps.secrets import scan_texts

    found = zip(texts, detector(Detection()).scan(texts), scan_texts(texts), strict=True)
    return [
        NOT_SCANNED
        if personal.not_scanned or secret.not_scanned
        else _replaced(text, [(s.start, s.end, s.entity) for s in (*personal.spans, *secret.spans)])
        for text, personal, secret in found
    ]


def _replaced(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, entity in sorted(spans):
        if start >= done:
            pieces += [text[done:start], f"<{entity}>"]
        done = max(done, end)
    return "".join([*pieces, text[done:]])
