"""GGUF: what is written reads back as the same model and the same words, or is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.export_project import write_adapter
from workbench.errors import InputError, MissingExtraError
from workbench.export.exporting import Override, export
from workbench.export.formats import forms_of
from workbench.export.gguf_model import check_architecture, interleaved, need_gguf
from workbench.export.gguf_tokens import LLAMA3, QWEN2, read_vocabulary
from workbench.export.serving import commands, go_template, modelfile
from workbench.export.stopping import generation_settings
from workbench.export.turns import Turns, read_turns
from workbench.models import load_model, load_tokenizer
from workbench.projects import Project

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*is_gradient_checkpointing.*:FutureWarning",
)
TEXTS = [
    "Hello world 12345, it's  fine\n\n ok",
    "<|im_start|>user\nhé ünï 日本 \u200b<|im_end|>",
    " \t x  ",
    "",
]


def needed() -> Any:
    return pytest.importorskip("gguf", reason="the extra gguf is not installed")


def written(model: Any, tokenizer: Any, folder: Path, dtype: str = "f32") -> Path:
    from workbench.export.gguf_model import write_gguf

    needed()
    path = folder / "model.gguf"
    write_gguf(model, tokenizer, path, dtype, "a model")
    return path


def tiny(kind: str, **more: Any) -> Any:
    """A model of another architecture with seeded random weights and tiny-chat's vocabulary."""
    import torch
    import transformers

    torch.manual_seed(0)
    own = {
        "vocab_size": 1280,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 128,
        "bos_token_id": None,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    config = getattr(transformers, f"{kind}Config")(**own | more)
    model = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
    for name, values in model.named_parameters():
        # Biases begin at nought, where a lost one would not be seen.
        if name.endswith("bias"):
            torch.nn.init.normal_(values, std=0.2)
    model.config.architectures = [type(model).__name__]
    return model


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Llama", {"tie_word_embeddings": True}),
        (
            "Llama",
            {"tie_word_embeddings": False, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}},
        ),
        ("Qwen2", {"tie_word_embeddings": False}),
        ("Qwen3", {"tie_word_embeddings": True, "head_dim": 128}),
    ],
)
def test_a_file_reads_back_as_the_same_model(kind: str, more: dict[str, Any], tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    needed()
    model, tokenizer = tiny(kind, **more), load_tokenizer("tiny-chat")
    written(model, tokenizer, tmp_path)
    again = AutoModelForCausalLM.from_pretrained(
        str(tmp_path), gguf_file="model.gguf", dtype=torch.float32
    ).eval()
    ids = tokenizer(TEXTS[0], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.allclose(again(ids).logits, model(ids).logits, atol=1e-5)


def test_the_file_says_what_llama_cpp_needs_to_know(tmp_path: Path) -> None:
    gguf = needed()
    tokenizer = load_tokenizer("tiny-chat")
    reader = gguf.GGUFReader(written(load_model("tiny-chat"), tokenizer, tmp_path))
    told = {name: field.contents() for name, field in reader.fields.items()}
    assert told["general.architecture"] == "llama"
    assert told["llama.block_count"] == 4
    assert told["llama.rope.dimension_count"] == 36
    assert told["tokenizer.ggml.model"] == "gpt2"
    assert told["tokenizer.ggml.pre"] == "smollm"
    assert told["tokenizer.ggml.eos_token_id"] == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert told["tokenizer.ggml.add_bos_token"] is False
    assert told["tokenizer.chat_template"] == tokenizer.chat_template
    assert told["tokenizer.ggml.tokens"] == tokenizer.convert_ids_to_tokens(range(1280))
    assert told["tokenizer.ggml.token_type"][:4] == [3, 3, 3, 1]
    assert {tensor.name for tensor in reader.tensors} >= {"token_embd.weight", "blk.3.attn_q.weight"}
    assert "output.weight" not in {tensor.name for tensor in reader.tensors}


def test_the_tokenizer_reads_back_and_cuts_the_same(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    needed()
    tokenizer = load_tokenizer("tiny-chat")
    written(load_model("tiny-chat"), tokenizer, tmp_path)
    again = AutoTokenizer.from_pretrained(str(tmp_path), gguf_file="model.gguf")
    for text in TEXTS:
        assert again(text)["input_ids"] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize(("dtype", "kinds"), [("f16", {"F16", "F32"}), ("q8_0", {"Q8_0", "F16", "F32"})])
def test_matrices_are_rounded_and_vectors_are_not(dtype: str, kinds: set[str], tmp_path: Path) -> None:
    gguf = needed()
    reader = gguf.GGUFReader(written(load_model("tiny-chat"), load_tokenizer("tiny-chat"), tmp_path, dtype))
    assert {tensor.tensor_type.name for tensor in reader.tensors} == kinds
    assert {t.tensor_type.name for t in reader.tensors if t.name.endswith("norm.weight")} == {"F32"}


def test_an_export_as_gguf_is_asked_again_and_comes_with_a_modelfile(
    project: Project, tmp_path: Path
) -> None:
    needed()
    adapter = write_adapter(tmp_path / "one")
    formats = ["gguf-f32", "gguf-q8_0"]
    result = export(
        project, str(adapter), tmp_path / "out", formats=formats, override=Override("Eva", "a test")
    )
    told = result.parity["artefacts"]
    assert told["gguf-f32"]["largest_difference"] <= 1e-3 < told["gguf-q8_0"]["largest_difference"]
    text = (tmp_path / "out/gguf/Modelfile.q8_0").read_text()
    assert text.startswith("FROM ./p-q8_0.gguf\n")
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert "ollama create p:q8_0 -f gguf/Modelfile.q8_0" in (tmp_path / "out/SERVING.md").read_text()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(MissingExtraError, match=re.escape("[gguf]")):
        need_gguf()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architectures": ["MambaForCausalLM"]}, "Mamba"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}}, "rope type llama3"),
        ({"mlp_bias": True}, "biases"),
    ],
)
def test_what_would_be_lost_is_refused(change: dict[str, Any], words: str) -> None:
    config = load_model("tiny-chat").config
    for name, value in change.items():
        setattr(config, name, value)
    with pytest.raises(InputError, match=words):
        check_architecture(config)


def test_query_rows_are_interleaved_by_halves_of_each_head() -> None:
    import numpy as np

    rows = np.arange(8)[:, None]
    assert interleaved(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


# Tokenizers.


def with_pre(parts: list[Any]) -> Any:
    from tokenizers import pre_tokenizers

    tokenizer = load_tokenizer("tiny-chat")
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    return tokenizer


def split(pattern: str) -> list[Any]:
    from tokenizers import Regex, pre_tokenizers

    return [
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


@pytest.mark.parametrize(("pattern", "name"), [(LLAMA3, "llama-bpe"), (QWEN2, "qwen2")])
def test_a_known_way_of_cutting_has_llama_cpps_name(pattern: str, name: str) -> None:
    assert read_vocabulary(with_pre(split(pattern)), 1280).pre == name


def test_an_unknown_way_of_cutting_is_refused() -> None:
    with pytest.raises(InputError, match="cut text as this tokenizer"):
        read_vocabulary(with_pre(split("\\p{N}{1,2}")), 1280)


def test_rows_without_a_token_get_a_name_and_too_few_rows_are_refused() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    found = read_vocabulary(tokenizer, 1282)
    assert found.tokens[-2:] == ["[PAD1280]", "[PAD1281]"]
    assert found.kinds[-2:] == [5, 5]
    with pytest.raises(InputError, match="more tokens than the model"):
        read_vocabulary(tokenizer, 1279)


def test_a_sentencepiece_vocabulary_is_told_with_scores_in_merge_order() -> None:
    from tokenizers import Tokenizer, models, normalizers
    from transformers import PreTrainedTokenizerFast

    vocab = {
        "<unk>": 0,
        "<s>": 1,
        "</s>": 2,
        "<0x0A>": 3,
        "\u2581": 4,
        "a": 5,
        "b": 6,
        "ab": 7,
        "\u2581ab": 8,
    }
    inner = Tokenizer(
        models.BPE(vocab, [("a", "b"), ("\u2581", "ab")], unk_token="<unk>", byte_fallback=True)
    )
    inner.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    found = read_vocabulary(tokenizer, 9)
    assert (found.model, found.pre, found.add_space_prefix) == ("llama", "default", True)
    assert found.kinds == [2, 3, 3, 6, 1, 1, 1, 1, 1]
    assert found.scores is not None
    assert found.scores[7] > found.scores[8] > found.scores[5]
    assert found.merges is None


# Serving.


def gone_through(template: str, system: str, messages: list[dict[str, str]]) -> str:
    """Run the part of Go's template language that Ollama's templates here are written in."""
    import json

    tokens = re.findall(r'\{\{ (?:"(?:[^"\\]|\\.)*"|[^"}])*? \}\}', template, re.DOTALL)
    assert "".join(tokens) == template
    words = [token[3:-3] for token in tokens]

    def block(start: int) -> int:
        depth = 0
        for place in range(start, len(words)):
            if words[place].startswith(("if ", "range ")):
                depth += 1
            elif words[place] == "end":
                depth -= 1
                if depth == 0:
                    return place
        raise AssertionError("a block does not end")

    def holds(words: str, now: dict[str, Any]) -> bool:
        words = words.removeprefix("else ").removeprefix("if ")
        if words == "not .System":
            return not system
        if words == "not $last":
            return not now["last"]
        if words.startswith("and $last"):
            return bool(now["last"]) and now["role"] != "assistant"
        return json.loads(words.removeprefix("eq .Role ")) == now["role"]

    def run(start: int, end: int, now: dict[str, Any]) -> str:
        text, place = "", start
        while place < end:
            word = words[place]
            if word.startswith('"'):
                text += json.loads(word)
            elif word == ".Content":
                text += now["content"]
            elif word.startswith("range "):
                over = block(place)
                for number, message in enumerate(messages):
                    text += run(place + 1, over, message | {"last": number == len(messages) - 1})
                place = over
            elif word.startswith("if "):
                over = block(place)
                arms, depth = [place], 0
                for inner in range(place, over):
                    depth += words[inner].startswith(("if ", "range ")) - (words[inner] == "end")
                    if depth == 1 and words[inner].startswith("else"):
                        arms.append(inner)
                bounds = [*arms[1:], over]
                for arm, bound in zip(arms, bounds, strict=True):
                    if holds(words[arm], now):
                        text += run(arm + 1, bound, now)
                        break
                place = over
            place += 1
        return text

    return run(0, len(words), {})


@pytest.mark.parametrize("roles", ["u", "su", "uau", "suauau"])
def test_ollamas_template_writes_what_the_chat_template_writes(roles: str) -> None:
    tokenizer = load_tokenizer("tiny-chat")
    names = {"s": "system", "u": "user", "a": "assistant"}
    talk = [
        {"role": names[role], "content": f'text {number} "{{{{ .System }}}}"'}
        for number, role in enumerate(roles)
    ]
    wanted = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    system = talk[0]["content"] if roles[0] == "s" else ""
    assert gone_through(go_template(read_turns(tokenizer)), system, talk) == wanted


PIECES = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(PIECES, min_size=8, max_size=8),
    texts=st.lists(PIECES, min_size=1, max_size=3),
    system=st.none() | PIECES.filter(bool),
)
def test_no_piece_of_a_template_is_taken_for_a_command(
    pieces: list[str], texts: list[str], system: str | None
) -> None:
    opening, *rest = pieces
    turns = Turns(opening, (rest[0], rest[1]), (rest[2], rest[3]), (rest[4], rest[5]), rest[6])
    talk = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]
    if len(talk) % 2 == 0:
        talk.append({"role": "user", "content": "?"})
    if system is not None:
        talk.insert(0, {"role": "system", "content": system})
    assert gone_through(go_template(turns), system or "", talk) == turns.render(talk, answer=True)


@given(heads=st.integers(1, 4), half=st.integers(1, 5), columns=st.integers(1, 3))
def test_interleaving_loses_no_row_and_keeps_heads_apart(heads: int, half: int, columns: int) -> None:
    import numpy as np

    rows = np.arange(heads * half * 2 * columns).reshape(-1, columns)
    found = interleaved(rows, heads)
    for head in range(heads):
        own = slice(head * half * 2, (head + 1) * half * 2)
        assert found[own][0::2].tolist() == rows[own][:half].tolist()
        assert found[own][1::2].tolist() == rows[own][half:].tolist()


def test_an_opening_is_written_where_there_is_no_system_message() -> None:
    turns = Turns("<o>\n", ("<s>", "</s>"), ("<u>", "</u>"), ("<a>", "</a>"), "<a>")
    talk = [{"role": "user", "content": "x"}]
    assert gone_through(go_template(turns), "", talk) == "<o>\n<u>x</u><a>"
    talk = [{"role": "system", "content": "y"}, *talk]
    assert gone_through(go_template(turns), "y", talk) == "<s>y</s><u>x</u><a>"


def test_quotation_marks_that_end_a_modelfile_are_refused() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    tokenizer.chat_template = (
        '{% for m in messages %}{{ m.role }}:"""{{ m.content }}\n{% endfor %}'
        '{% if add_generation_prompt %}assistant:"""{% endif %}'
    )
    own = generation_settings("tiny-chat")
    text = modelfile("x.gguf", tokenizer, own, ["<|im_end|>"], 512)
    assert text.count('"""') == 2
    with pytest.raises(InputError, match="Modelfile"):
        modelfile("x.gguf", tokenizer, own, ['a"b'], 512)


def test_an_adapter_that_vllm_cannot_load_gets_no_such_command() -> None:
    forms = [(forms_of([])[0], "adapter")]
    assert commands("m", "eva/base", forms, {"r": 4}, "bfloat16")
    assert commands("m", "eva/base", forms, {"r": 4, "modules_to_save": ["lm_head"]}, "bfloat16") == {}
