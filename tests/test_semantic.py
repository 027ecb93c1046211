"""Semantic duplicates, outliers and clusters: planted truths found, look-alikes left alone."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make import example, sentence, stored
from workbench.examples import Example
from workbench.findings import Finding, read_findings
from workbench.projects import Project
from workbench.proposing import propose
from workbench.recipes import parse_recipe, step_module
from workbench.steps import clusters, outliers, semantic_duplicates
from workbench.steps._earlier import Earlier
from workbench.steps._wording import Part, wording, wording_columns

DATA = Path(__file__).parents[2] / "shared" / "data"
UNLIKE = [
    ("Which planet is closest to the sun?", "Mercury is the planet closest to the sun."),
    ("How do I boil an egg?", "Put the egg in boiling water and take it out after eight minutes."),
    ("Who painted the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa in Florence."),
    ("Why is the sky blue?", "Air scatters short wavelengths of light more than long ones."),
    ("How can I learn to swim?", "Take lessons at a pool and practise floating first."),
    ("What does a carburettor do?", "It mixes air with fuel for a combustion engine."),
    ("When should I prune roses?", "Prune roses late in winter, before new shoots appear."),
    ("Explain what inflation means.", "Inflation is a general rise of prices over time."),
    ("Give me a rhyme about cats.", "A cat sat on a mat and wore a tiny hat."),
    ("How do vaccines work?", "They train the immune system to recognise a germ."),
    ("Suggest a name for a bakery.", "You could call it The Golden Crust."),
    ("What is a prime number?", "A whole number with exactly two divisors is prime."),
    ("How do I tie a bow tie?", "Cross the ends, loop one, fold the other and pull it through."),
    ("Describe the taste of mango.", "Mango is sweet, juicy and a little resinous."),
    ("Why do leaves turn red?", "Chlorophyll fades in autumn and other pigments show."),
    ("How do I reset a router?", "Hold the small button on its back for ten seconds."),
]
PARAPHRASES = [
    (
        ("How can I get a refund for the shoes that I bought?", "Send the shoes back and we refund you."),
        ("I bought shoes, how do I get a refund?", "Please send the shoes back, then we will refund you."),
    ),
    (
        ("What is the best way to remove coffee stains from a shirt?", "Soak the shirt in cold water."),
        ("How do I best get coffee stains out of a shirt?", "You should soak the shirt in cold water."),
    ),
]
Pair = tuple[str, str]


def found(project: Project, rows: list[Pair] | list[Example], steps: str) -> list[Finding]:
    examples = [example(*row) if isinstance(row, tuple) else row for row in rows]
    dataset = stored(project, "d", examples)
    propose(project, dataset, parse_recipe(f"steps: {steps}", "t", where="t"), workers=1)
    return list(read_findings(project, dataset))


def features(module: Any, rows: list[Pair], backend: str, **options: Any) -> tuple[pa.Table, Any]:
    examples = [example(question, answer, line) for line, (question, answer) in enumerate(rows, 1)]
    for line, row in enumerate(examples, 1):
        row["id"] = f"{line:024x}"
    chosen = module.Options(embedder=backend, **options)
    parts = [
        pa.table(module.features(examples[i : i + 512], chosen, backend))
        for i in range(0, len(examples), 512)
    ]
    return pa.concat_tables(parts), chosen


def lines(hits: list[Finding]) -> list[tuple[int, int]]:
    return sorted((hit.source["line"], hit.evidence["keeper_source"]["line"]) for hit in hits)


def test_paraphrases_are_flagged_with_their_partner_and_the_rest_is_left(project: Project) -> None:
    rows = [first for first, _ in PARAPHRASES] + UNLIKE + [second for _, second in PARAPHRASES]
    hits = found(project, rows, "[semantic_duplicates: {keeper: [first]}]")
    assert lines(hits) == [(19, 1), (20, 2)]
    assert {(hit.kind, hit.proposal) for hit in hits} == {("paraphrase", "flag")}
    for hit in hits:
        evidence = hit.evidence
        assert evidence["embedder"] == "minilm"
        assert min(evidence["prompt_similarity"], evidence["answer_similarity"]) == evidence["similarity"]
        assert evidence["similarity"] >= min(evidence["threshold"], evidence["answer_threshold"])
        assert evidence["random_pair_quantile"] < 1


def test_action_drop_proposes_to_drop(project: Project) -> None:
    rows = [*PARAPHRASES[0], *UNLIKE]
    hits = found(project, rows, "[semantic_duplicates: {action: drop}]")
    assert [hit.proposal for hit in hits] == ["drop"]


LOOK_ALIKES = {
    "another number": [
        ("Where is my order 4711 that I placed last week?", "Your order is on its way to you."),
        ("Where is my order 4712 that I placed last week?", "Your order is on its way to you."),
    ],
    "another name": [
        ("Tell me when the next train from Berlin leaves.", "The next train from Berlin leaves soon."),
        ("Tell me when the next train from Madrid leaves.", "The next train from Madrid leaves soon."),
    ],
    "another answer": [
        ("How can I get a refund for these shoes?", "Send the shoes back and we refund you."),
        ("How do I get a refund for these shoes?", "Whales are mammals that live in the ocean."),
    ],
    "yes and no": [
        ("Is the film that I saw yesterday evening good?", "Yes"),
        ("Is the film I saw yesterday evening good?", "No"),
    ],
    "an answer and none": [
        ("How can I get a refund for these shoes?", "Send the shoes back and we refund you."),
        ("How do I get a refund for these shoes?", ""),
    ],
}


@pytest.mark.parametrize("rows", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_look_alikes_are_not_paraphrases(rows: list[Pair]) -> None:
    table, options = features(semantic_duplicates, rows + UNLIKE, "minilm")
    assert list(semantic_duplicates.find(table, options, Earlier())) == []


def test_number_written_as_a_word_is_the_same_number() -> None:
    rows = [
        ("How much do 3 tickets for the museum cost?", "The tickets cost nine euros together."),
        ("How much do three tickets for the museum cost me?", "Together the tickets cost nine euros."),
    ]
    table, options = features(semantic_duplicates, rows + UNLIKE, "minilm")
    assert lines(list(semantic_duplicates.find(table, options, Earlier()))) in ([(1, 2)], [(2, 1)])


def test_rows_that_an_earlier_step_drops_take_no_part() -> None:
    table, options = features(semantic_duplicates, [*PARAPHRASES[0], *UNLIKE], "minilm")
    earlier = Earlier(dropped=frozenset([f"{2:024x}"]))
    assert len(list(semantic_duplicates.find(table, options, Earlier()))) == 1
    assert list(semantic_duplicates.find(table, options, earlier)) == []


def reworded(rows: list[Pair], seed: int) -> list[Pair]:
    """Each text with its words in another order and one left out: the same for a bag of words."""
    generator = random.Random(seed)

    def again(text: str) -> str:
        words = text.rstrip("?.").split()
        generator.shuffle(words)
        return " ".join(words[1:])

    return [(again(question), again(answer)) for question, answer in rows]


def test_every_member_of_a_group_matches_a_keeper_that_stays() -> None:
    long = [(sentence(i), sentence(1000 + i)) for i in range(60)]
    rows = [*long, *reworded(long[:20], 1), *reworded(long[:20], 2), *reworded(long[:20], 3)]
    table, options = features(semantic_duplicates, rows, "lexical")
    hits = list(semantic_duplicates.find(table, options, Earlier()))
    flagged = {hit.example_id for hit in hits}
    assert len(hits) >= 50
    assert not flagged & {hit.evidence["keeper"] for hit in hits}
    assert max(Counter(hit.example_id for hit in hits).values()) == 1
    for line, keeper in lines(hits):
        original = [(place - 1) if place <= 60 else (place - 61) % 20 for place in (line, keeper)]
        assert original[0] == original[1]


def test_threshold_of_the_recipe_is_the_threshold() -> None:
    table, options = features(
        semantic_duplicates, [*PARAPHRASES[0], *UNLIKE], "minilm", threshold=0.999, overlap=0.9
    )
    assert list(semantic_duplicates.find(table, options, Earlier())) == []


@pytest.mark.parametrize("rows", [[], UNLIKE[:1]], ids=["no rows", "one row"])
@pytest.mark.parametrize("step", ["semantic_duplicates", "clusters", "outliers"])
def test_too_few_rows_are_no_fault(project: Project, step: str, rows: list[Pair]) -> None:
    assert found(project, rows, f"[{step}: {{embedder: lexical}}]") == []


@pytest.mark.parametrize("step", ["semantic_duplicates", "clusters", "outliers"])
def test_findings_are_the_same_from_one_table_and_from_many_pieces(step: str) -> None:
    module = step_module(step)
    long = [(sentence(i), sentence(1000 + i)) for i in range(40)]
    table, options = features(module, long + reworded(long[:10], 1), "lexical")
    pieces = pa.concat_tables([table.slice(start, 7) for start in range(0, table.num_rows, 7)])
    whole = [hit.as_dict() for hit in module.find(table.combine_chunks(), options, Earlier())]
    assert whole == [hit.as_dict() for hit in module.find(pieces, options, Earlier())]
    assert whole or step == "outliers"


@pytest.mark.slow
def test_findings_are_the_same_from_worker_processes(project: Project) -> None:
    long = [(sentence(i), sentence(1000 + i)) for i in range(600)]
    dataset = stored(project, "d", [example(*row) for row in long + reworded(long[:50], 1)])
    steps = "[semantic_duplicates: {embedder: static}, clusters: {embedder: static}, outliers: {z: 2, embedder: static}]"
    recipe = parse_recipe(f"steps: {steps}", "t", where="t")
    propose(project, dataset, recipe, workers=1)
    alone = [hit.as_dict() for hit in read_findings(project, dataset)]
    for path in project.folder("findings", "d", "v0001").glob("*.parquet"):
        path.unlink()
    propose(project, dataset, recipe, workers=2)
    assert [hit.as_dict() for hit in read_findings(project, dataset)] == alone
    assert {hit["step"] for hit in alone} == {"semantic_duplicates", "clusters", "outliers"}


def test_clusters_are_the_same_whatever_the_threads() -> None:
    import faiss

    vectors = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)
    threads = faiss.omp_get_max_threads()
    labels, distances = clusters.k_means(vectors, 20, 0)
    faiss.omp_set_num_threads(2 if threads == 1 else 1)
    try:
        again, also = clusters.k_means(vectors, 20, 0)
    finally:
        faiss.omp_set_num_threads(threads)
    assert np.array_equal(labels, again)
    assert np.array_equal(distances, also)


def test_clusters_are_those_that_were_planted() -> None:
    generator = np.random.default_rng(0)
    middles = generator.normal(size=(6, 16))
    truth = generator.integers(0, 6, 600)
    labels, distances = clusters.k_means(middles[truth] + 0.1 * generator.normal(size=(600, 16)), 6, 0)
    assert len({(a, b) for a, b in zip(truth.tolist(), labels.tolist(), strict=True)}) == 6
    assert float(distances.max()) < 0.5


def test_more_clusters_than_rows_is_one_a_row() -> None:
    labels, _ = clusters.k_means(np.eye(4, dtype=np.float32), 9, 0)
    assert sorted(labels.tolist()) == [0, 1, 2, 3]


def shop(number: int) -> Pair:
    generator = random.Random(number)
    thing, colour = generator.choice(["lamp", "chair", "table", "desk"]), generator.choice(["red", "blue"])
    question = generator.choice(
        [
            f"I want to return the {colour} {thing} that I ordered from your shop.",
            f"When will the {colour} {thing} of my order be delivered to me?",
            f"Can I still change my order of the {thing} to the {colour} one?",
            f"The {colour} {thing} that you delivered is broken, what can I do?",
        ]
    )
    return question, "Thank you for your order. We look into it and write to you today."


def test_foreign_rows_are_outliers_with_their_neighbours() -> None:
    rows = [*(shop(i) for i in range(300)), *UNLIKE[:3]]
    table, options = features(outliers, rows, "minilm")
    hits = list(outliers.find(table, options, Earlier()))
    assert [hit.source["line"] for hit in hits] == [301, 302, 303]
    for hit in hits:
        assert (hit.kind, hit.proposal) == ("outlier", "flag")
        assert hit.evidence["distance"] > hit.evidence["typical_distance"]
        assert len(hit.evidence["nearest"]) == 3
        assert hit.example_id not in hit.evidence["nearest"]


def test_rows_of_one_kind_have_few_outliers() -> None:
    table, options = features(outliers, [shop(i) for i in range(300)], "minilm")
    assert len(list(outliers.find(table, options, Earlier()))) <= 3


def test_at_most_the_stated_share_is_flagged() -> None:
    rows = [(sentence(i), sentence(500 + i)) for i in range(200)]
    table, few = features(outliers, rows, "lexical", z=1.5, max_share=0.02)
    hits = list(outliers.find(table, few, Earlier()))
    assert sum(hit.evidence["z"] < 3.0 for hit in hits) <= 4
    all_of_them = outliers.Options(embedder="lexical", z=1.5, max_share=1.0)
    assert len(list(outliers.find(table, all_of_them, Earlier()))) > len(hits)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_a_wording_that_does_not_differ_from_itself(text: str) -> None:
    assert wording(text) == wording(text)
    table = pa.table(wording_columns([text, text], "text"))
    part = Part(table, "text", np.arange(2))
    pair = np.array([[0, 1]])
    assert part.overlap(pair).tolist() == pytest.approx([1.0])
    assert part.other_slots(pair, strict=True).tolist() == [False]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="ab AB.12", max_size=30), min_size=2, max_size=5))
def test_what_two_rows_share_does_not_depend_on_their_order(texts: list[str]) -> None:
    part = Part(pa.table(wording_columns(texts, "text")), "text", np.arange(len(texts)))
    pairs = np.array([[i, j] for i in range(len(texts)) for j in range(len(texts)) if i != j])
    turned = pairs[:, ::-1]
    assert np.allclose(part.overlap(pairs), part.overlap(turned))
    for strict in (True, False):
        assert np.array_equal(part.other_slots(pairs, strict=strict), part.other_slots(turned, strict=strict))


def test_marks_of_a_list_are_not_numbers() -> None:
    assert wording("1. wash\n2. dry").numbers == []
    assert wording("It costs 1,000.50").numbers == wording("It costs 1000.5").numbers != []


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data")
    return path


@pytest.mark.slow
def test_published_rewordings_are_found_without_a_false_one() -> None:
    with gzip.open(shared("eval/gsm8k_test.jsonl.gz"), "rt") as file:
        asked = [json.loads(line) for line in file]
    with gzip.open(shared("near_dup/rephrase_gsm8k.jsonl.gz"), "rt") as file:
        again = [json.loads(line)["text"] for line in file]
    rows = [(row["question"], row["answer"].split("####")[1].strip()) for row in asked]
    for text in again:
        question, answer = text.split("Answer:")
        rows.append((question.removeprefix("Question:").strip(), answer.split("####")[1].strip()))
    from workbench.embedding import make_ready

    table, options = features(semantic_duplicates, rows, make_ready("static"))
    hits = list(semantic_duplicates.find(table, options, Earlier()))
    right = sum((line - keeper) % len(asked) == 0 for line, keeper in lines(hits))
    assert right / len(hits) >= 0.99
    assert right / len(asked) >= 0.6
