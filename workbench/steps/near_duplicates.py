"""Near duplicates: MinHash LSH finds candidates, their true similarity decides.

Rows that differ in numbers, names or quotations alone are examples of one template, not
duplicates: they are flagged, never dropped. Every row that is proposed to go matches the
very row that stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from workbench.examples import Example, columns_of
from workbench.findings import Finding
from workbench.steps._earlier import Earlier
from workbench.steps._keepers import (
    DEFAULT,
    Criterion,
    is_dropped,
    keeper_ranks,
    label_agreement,
    rule_in_words,
)
from workbench.steps._minhash import Pairs
from workbench.steps._near_features import Part, near_features
from workbench.steps._near_verdicts import Comparison, Likeness
from workbench.steps._near_verdicts import similar_pairs as similar_pairs
from workbench.steps._stars import stars
from workbench.steps._taking import described, in_blocks

TITLE = "Near duplicates"
SCOPE = "group"
COLUMNAR = True
KINDS = {"whole": "near_duplicate", "prompt": "near_prompt", "answer": "near_answer"}
Integers = npt.NDArray[np.int64]


class Options(Likeness):
    """What is compared, how alike it must be, and which row of a group stays.

    ``compare``: the ``whole`` row, or its ``prompt`` or ``answer`` alone, which is only
    flagged. ``action`` is what is proposed for a duplicate.
    """

    compare: Part = "whole"
    keeper: list[Criterion] = Field(default=list(DEFAULT))
    min_words: int = Field(default=1, ge=1)
    action: Literal["drop", "flag"] = "drop"
    seed: int = 0


class Templates(NamedTuple):
    """For each row: an example of the same template, or -1; the template's first row; its size."""

    partner: Integers
    first: Integers
    rows: Integers


def features(
    rows: pa.RecordBatch | list[Example], options: Options, _context: object = None
) -> dict[str, Any]:
    """Gram sets and MinHash bands of each row; letter runs and their bands for short rows."""
    return near_features(columns_of(rows), options.compare, options.seed)


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Keep the best row of each group; every duplicate is verified against its keeper."""
    table = _eligible(table, options, earlier)
    if table.num_rows < 2:
        return
    compared = Comparison(table, options)
    pairs = compared.candidates(earlier)
    verdicts = compared.judge(pairs)
    duplicates = pairs[verdicts.duplicate]
    ranks = keeper_ranks(table, earlier, options.keeper, label_agreement(table["label"], duplicates))
    keepers = stars(duplicates, ranks, lambda further: compared.judge(further).duplicate)
    templates = _templates(pairs[verdicts.template], table.num_rows)
    beside = _partners(pairs[verdicts.borderline], ranks)
    yield from _findings(table, options, compared, keepers, templates, beside)


def _findings(
    table: pa.Table,
    options: Options,
    compared: Comparison,
    keepers: Integers,
    templates: Templates,
    beside: Integers,
) -> Iterator[Finding]:
    rule = rule_in_words(options.keeper)
    other = np.where(keepers >= 0, keepers, np.where(templates.partner >= 0, templates.partner, beside))
    for chosen in in_blocks(np.flatnonzero(other >= 0)):
        partners = other[chosen]
        rows, others = described(table, chosen), described(table, partners)
        first = table["id"].take(pa.array(templates.first[chosen])).to_pylist()
        similarity = compared.judge(np.stack([chosen, partners], axis=1)).similarity
        for place, alike in enumerate(similarity.tolist()):
            row, number, keeper = rows[place], chosen[place], others[place]
            source, keeper_source = ({"file": one["file"], "line": one["line"]} for one in (row, keeper))
            evidence: dict[str, Any] = {
                "keeper": keeper["id"],
                "keeper_source": keeper_source,
                "similarity": round(alike, 4),
            }
            if keepers[number] >= 0:
                kind = KINDS[options.compare]
                proposal = options.action if options.compare == "whole" else "flag"
                evidence["keeper_rule"] = rule
                if row["label"] and keeper["label"] and row["label"] != keeper["label"]:
                    evidence["labels_differ"] = True
            elif templates.partner[number] >= 0:
                kind, proposal = "template", "flag"
                evidence["template"] = f"template {first[place][:8]}"
                evidence["rows"] = int(templates.rows[number])
            else:
                kind, proposal = "borderline", "flag"
            score = min(1.0, max(0.0, alike))
            yield Finding("near_duplicates", kind, row["id"], source, score, proposal, evidence)


def _templates(pairs: Pairs, count: int) -> Templates:
    """Connected components of pairs of examples of one template; its first row has no partner."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    number, component = connected_components(graph, directed=False)
    first = np.full(number, count, dtype=np.int64)
    np.minimum.at(first, component, np.arange(count))
    partner = np.full(count, count, dtype=np.int64)
    np.minimum.at(partner, pairs[:, 1], pairs[:, 0])
    np.minimum.at(partner, pairs[:, 0], pairs[:, 1])
    partner[(partner == count) | (first[component] == np.arange(count))] = -1
    return Templates(partner, first[component], np.bincount(component)[component])


def _partners(pairs: Pairs, ranks: Integers) -> Integers:
    """For the worse row of each pair its best partner, or -1."""
    partner = np.full(len(ranks), -1, dtype=np.int64)
    swap = ranks[pairs[:, 0]] > ranks[pairs[:, 1]]
    better, worse = np.where(swap, pairs[:, 1], pairs[:, 0]), np.where(swap, pairs[:, 0], pairs[:, 1])
    order = np.argsort(-ranks[better], kind="stable")
    partner[worse[order]] = better[order]
    return partner


def _eligible(table: pa.Table, options: Options, earlier: Earlier) -> pa.Table:
    keep = np.asarray(table["words"]) >= options.min_words
    if earlier.dropped:
        keep &= ~is_dropped(table["id"], earlier)
    return table if keep.all() else table.filter(pa.array(keep))
