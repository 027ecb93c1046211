"""Embeddings: a static model made once and kept, words counted right, neighbours found right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench.embedding
from tests.conftest import environment
from tests.make import WORDS, sentence
from workbench.embedding import choose_backend, content_words, embed, lexical_vectors, make_ready, tf_idf
from workbench.embedding import static as static_module
from workbench.embedding.matrix import matrix, stacked, vector_column
from workbench.embedding.neighbours import nearest
from workbench.errors import InputError

MAKE = "import sys; from workbench.embedding import make_ready; make_ready(sys.argv[1])"


@pytest.fixture(scope="module")
def sentence_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real sentence-transformers model with random weights and 60 words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    home = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", ".", "a", "b", *WORDS]
    (home / "vocab.txt").write_text("\n".join(words) + "\n")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(home / "bert")
    BertTokenizerFast(str(home / "vocab.txt")).save_pretrained(home / "bert")
    transformer = Transformer(str(home / "bert"))
    pooling = Pooling(transformer.get_embedding_dimension())
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(home / "whole"))
    # A folder as the packaged MiniLM and the hub have it: weights and tokenizer at its top.
    return home / "whole"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    static_module.load.cache_clear()
    return tmp_path / "cache" / "finetune-workbench" / "static"


def test_auto_takes_minilm_for_few_rows_and_static_for_many() -> None:
    assert [choose_backend("auto", rows) for rows in (5_000, 5_001)] == ["minilm", "static"]
    assert choose_backend("lexical", 10) == "lexical"


def test_auto_is_lexical_without_minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench.embedding, "minilm_path", lambda: None)
    assert choose_backend("auto", 10) == "lexical"


def test_static_embedder_is_made_once_and_then_read(cache: Path, sentence_model: Path) -> None:
    first = embed(["river stone", "window"], f"static:{sentence_model}")
    (made,) = [path for path in cache.iterdir() if path.is_dir()]
    before = (made / "model.safetensors").stat().st_mtime_ns
    static_module.load.cache_clear()
    second = embed(["river stone", "window"], f"static:{sentence_model}")
    assert np.array_equal(first, second)
    assert (made / "model.safetensors").stat().st_mtime_ns == before
    assert not list(cache.glob(".*.tmp"))


def test_static_embedder_is_the_same_bytes_when_made_again(
    cache: Path, sentence_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = static_module.made(str(sentence_model))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    other = static_module.made(str(sentence_model))
    assert one != other
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_two_processes_make_one_static_embedder(cache: Path, sentence_model: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, f"static:{sentence_model}"],
            env=environment() | {"XDG_CACHE_HOME": str(cache.parents[1])},
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in started:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1


def test_static_vectors_are_those_of_model2vec(cache: Path, sentence_model: Path) -> None:
    model2vec = pytest.importorskip("model2vec")
    texts = ["river stone.", "window garden letter", "silver"]
    ours = embed(texts, f"static:{sentence_model}")
    theirs = model2vec.StaticModel.from_pretrained(static_module.made(str(sentence_model))).encode(texts)
    assert np.allclose(ours, theirs, atol=1e-3)


def test_static_backend_reads_a_folder_with_a_model2vec_model(cache: Path, sentence_model: Path) -> None:
    folder = static_module.made(str(sentence_model))
    direct = embed(["river stone"], f"static:{folder}")
    assert np.array_equal(direct, embed(["river stone"], f"static:{sentence_model}"))


def test_text_without_a_known_token_is_a_zero_vector(cache: Path, sentence_model: Path) -> None:
    vectors = embed(["", "river", "\u0000"], f"static:{sentence_model}")
    assert np.linalg.norm(vectors, axis=1).round(5).tolist() == [0.0, 1.0, 0.0]


def test_static_vector_does_not_depend_on_the_order_of_words(cache: Path, sentence_model: Path) -> None:
    for number in range(20):
        words = sentence(number).strip(".").split()
        pair = embed([" ".join(words), " ".join(reversed(words))], f"static:{sentence_model}")
        assert np.allclose(pair[0], pair[1], atol=1e-5)


def test_damaged_static_embedder_is_named(cache: Path, sentence_model: Path) -> None:
    folder = static_module.made(str(sentence_model))
    (folder / "model.safetensors").write_bytes(b"not tensors")
    static_module.load.cache_clear()
    with pytest.raises(InputError, match="cannot be read") as caught:
        embed(["river"], f"static:{sentence_model}")
    assert caught.value.where == str(folder)


@pytest.mark.parametrize("backend", ["static:no-such-model/here", "no-such-model/here"])
def test_unknown_model_is_refused(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="no-such-model/here"):
        embed(["river"], backend)


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="safetensors"):
        make_ready(f"static:{tmp_path}")


@pytest.mark.slow
def test_static_minilm_puts_a_rewording_nearer_than_another_topic() -> None:
    asked, reworded, other = embed(
        ["How can I return the shoes I bought?", "I bought shoes, how do I return them?", "It may rain."],
        make_ready("static"),
    )
    assert asked @ reworded > 0.8 > 0.5 > asked @ other


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), min_size=1, max_size=12))
def test_tf_idf_is_that_of_scikit_learn(lists: list[list[str]]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    ours, terms = tf_idf(lists)
    if not any(lists):
        assert ours is None
        assert terms == []
        return
    vectorizer = TfidfVectorizer(analyzer=lambda words: words)
    theirs = vectorizer.fit_transform(lists)
    assert terms == list(vectorizer.get_feature_names_out())
    assert np.allclose(ours.toarray(), theirs.toarray(), atol=1e-6)


def test_lexical_vectors_of_an_arrow_column_are_those_of_lists() -> None:
    lists = [content_words(sentence(number)) for number in range(60)]
    column = pa.chunked_array(
        [pa.array(lists[:25], pa.list_(pa.string())), pa.array(lists[25:], pa.list_(pa.string()))]
    )
    assert np.array_equal(lexical_vectors(lists), lexical_vectors(column))


def made_matrix(rows: int, dimensions: int = 24, columns: int = 1) -> tuple[pa.Table, np.ndarray]:
    generator = np.random.default_rng(0)
    middles = generator.normal(size=(rows // 20 + 1, dimensions))
    vectors = middles[generator.integers(0, len(middles), rows)] + 0.4 * generator.normal(
        size=(rows, dimensions)
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = pa.table({f"v{i}": vector_column(vectors) for i in range(columns)})
    stored = vectors.astype(np.float16).astype(np.float32)
    return table, stored / np.linalg.norm(stored, axis=1, keepdims=True)


def test_neighbours_of_a_small_set_are_exact() -> None:
    table, vectors = made_matrix(300)
    places, similarities = nearest(matrix(table, ("v0",), np.arange(300), float("inf")), 5)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    assert np.allclose(np.take_along_axis(likeness, places, axis=1), similarities, atol=1e-5)
    assert np.allclose(similarities, -np.sort(-likeness, axis=1)[:, :5], atol=1e-5)


def test_neighbours_of_a_large_set_are_nearly_all_found_whatever_the_threads() -> None:
    import faiss

    table, vectors = made_matrix(21_000)
    whole = matrix(table, ("v0",), np.arange(21_000), float("inf"))
    places, _ = nearest(whole, 3)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2 if threads == 1 else 1)
    try:
        again, _ = nearest(whole, 3)
    finally:
        faiss.omp_set_num_threads(threads)
    assert np.array_equal(places, again)
    asked = np.arange(0, 21_000, 100)
    likeness = vectors[asked] @ vectors.T
    likeness[np.arange(len(asked)), asked] = -2
    best = np.argsort(-likeness, axis=1)[:, :3]
    found = np.mean([len(set(a) & set(b)) / 3 for a, b in zip(best, places[asked], strict=True)])
    assert found > 0.9


def test_row_with_equal_rows_is_not_its_own_neighbour() -> None:
    table = pa.table({"v": vector_column(np.ones((4, 3)) / 3**0.5)})
    places, _ = nearest(matrix(table, ("v",), np.arange(4), float("inf")), 12)
    assert places.shape == (4, 3)
    assert all(sorted({*row.tolist(), own}) == [0, 1, 2, 3] for own, row in enumerate(places))


def test_vectors_too_large_for_memory_are_joined_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.embedding import matrix as matrix_module

    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    column = pa.chunked_array([vector_column(vectors[:1]), vector_column(vectors[1:])])
    monkeypatch.setattr(matrix_module, "IN_MEMORY_BYTES", 10)
    joined = stacked(column)
    assert isinstance(joined, np.memmap)
    assert np.array_equal(joined, vectors)


def test_vectors_in_pieces_keep_their_shape() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    column = pa.chunked_array([vector_column(vectors[:1]), vector_column(vectors[1:])])
    assert np.array_equal(stacked(column), vectors)
