"""A tokenizer as GGUF metadata: which model it is, its tokens, scores, kinds and merges."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError

LLAMA3 = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)
QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}")
SPLITS = {LLAMA3: "llama-bpe", QWEN2: "qwen2"}
"""Regular expressions of pre-tokenizers, and llama.cpp's names for them."""

SPACE = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
"""Kinds of tokens in GGUF (llama.cpp's ``llama_token_type``)."""


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id. ``model`` is ``gpt2`` (byte-level BPE, with merges) or ``llama`` (with scores)."""

    model: str
    pre: str
    tokens: list[str]
    kinds: list[int]
    merges: list[str] | None
    scores: list[float] | None
    add_bos: bool
    add_space_prefix: bool


def read_vocabulary(tokenizer: Any, size: int) -> Vocabulary:
    """The vocabulary of a tokenizer of the ``tokenizers`` library, filled up to ``size`` tokens.

    Raises `InputError` for a way of cutting text that llama.cpp is not known to have: the file
    would load and silently cut words elsewhere.
    """
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    model = spec["model"]
    if model.get("type") != "BPE":
        raise _unknown(f"model {model.get('type')}")
    tokens, kinds = _tokens(spec, size)
    bytewise = bool(model.get("byte_fallback")) or _is_sentencepiece(spec)
    common: dict[str, Any] = {"tokens": tokens, "add_bos": _adds_bos(tokenizer)}
    if not bytewise:
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        return Vocabulary(
            "gpt2", _pre(spec), kinds=kinds, merges=merges, scores=None, add_space_prefix=False, **common
        )
    kinds = [_kind(token, kind, model) for token, kind in zip(tokens, kinds, strict=True)]
    return Vocabulary(
        "llama", "default", kinds=kinds, merges=None, scores=_scores(tokens, model),
        add_space_prefix=_prefixes_space(spec), **common,
    )  # fmt: skip


def _tokens(spec: dict[str, Any], size: int) -> tuple[list[str], list[int]]:
    by_id = {number: token for token, number in spec["model"]["vocab"].items()}
    added = {entry["id"]: entry for entry in spec["added_tokens"]}
    most = max([*by_id, *added], default=-1)
    if most >= size:
        raise InputError(
            "the tokenizer has more tokens than the model",
            where=f"{most + 1} and {size}",
            remedy="check the base",
        )
    tokens, kinds = [], []
    for number in range(size):
        if number in added:
            tokens.append(str(added[number]["content"]))
            kinds.append(CONTROL if added[number]["special"] else USER_DEFINED)
        else:
            # Rows of the embedding that no token uses need a name of their own.
            tokens.append(str(by_id.get(number, f"[PAD{number}]")))
            kinds.append(NORMAL if number in by_id else 5)
    return tokens, kinds


def _pre(spec: dict[str, Any]) -> str:
    """llama.cpp's name for a byte-level pre-tokenizer, told by what it does and not by its maker."""
    if spec.get("normalizer") not in (None, {"type": "NFC"}):
        raise _unknown("a normalizer")
    outer = spec.get("pre_tokenizer") or {}
    parts = outer.get("pretokenizers", [outer])
    kinds = [part.get("type") for part in parts]
    last = parts[-1]
    if kinds[-1] != "ByteLevel" or last.get("add_prefix_space"):
        raise _unknown(f"pre-tokenizer {', '.join(map(str, kinds))}")
    if kinds == ["ByteLevel"] and last.get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits") and last.get("use_regex", True):
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and not last.get("use_regex", True):
        pattern = str(parts[0].get("pattern", {}).get("Regex"))
        if pattern in SPLITS and parts[0].get("behavior") == "Isolated" and not parts[0].get("invert"):
            return SPLITS[pattern]
    raise _unknown(f"pre-tokenizer {', '.join(map(str, kinds))}")


def _is_sentencepiece(spec: dict[str, Any]) -> bool:
    return SPACE in json.dumps([spec.get("normalizer"), spec.get("pre_tokenizer")], ensure_ascii=False)


def _prefixes_space(spec: dict[str, Any]) -> bool:
    told = json.dumps([spec.get("normalizer"), spec.get("pre_tokenizer")])
    return '"Prepend"' in told or '"prepend_scheme": "first"' in told or '"prepend_scheme": "always"' in told


def _kind(token: str, kind: int, model: dict[str, Any]) -> int:
    if token == model.get("unk_token"):
        return UNKNOWN
    return BYTE if kind == NORMAL and len(token) == 6 and token.startswith("<0x") else kind


def _scores(tokens: list[str], model: dict[str, Any]) -> list[float]:
    """SentencePiece merges the pair of the highest score first: the rank of a merge, negated."""
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(model["merges"]):
        left, right = merge.split(" ", 1) if isinstance(merge, str) else merge
        ranks.setdefault(left + right, rank)
    last = len(model["merges"])
    return [-float(ranks.get(token, last)) for token in tokens]


def _adds_bos(tokenizer: Any) -> bool:
    ids = tokenizer("a")["input_ids"]
    return bool(ids) and tokenizer.bos_token_id is not None and ids[0] == tokenizer.bos_token_id


def _unknown(where: str) -> InputError:
    return InputError(
        "llama.cpp is not known to cut text as this tokenizer does",
        where=where,
        remedy="export it merged and serve it with vLLM or transformers",
    )
