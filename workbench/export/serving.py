"""How to serve what was exported: Ollama's Modelfile, and commands with an OpenAI-compatible door."""

from __future__ import annotations

import json
import shlex
from typing import Any

from workbench.errors import InputError
from workbench.export.formats import Form
from workbench.export.turns import Turns, read_turns

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes for ``--max-lora-rank``."""

ONLY_MERGED = ("modules_to_save", "trainable_token_indices", "use_dora")
"""Parts of an adapter that vLLM does not load."""


def modelfile(gguf: str, tokenizer: Any, generation: Any, stops: list[str], context: int) -> str:
    """Ollama's Modelfile for a GGUF file beside it: template, stop tokens, sampling.

    Raises `InputError` when the chat template cannot be put in Ollama's words.
    """
    template = go_template(read_turns(tokenizer))
    if '"""' in template or any('"' in stop or "\n" in stop for stop in stops):
        raise InputError(
            "the chat template cannot stand in a Modelfile",
            where="it, or a stop token, holds quotation marks",
            remedy="serve the GGUF file with llama-server --jinja",
        )
    lines = [f"FROM ./{gguf}", f'TEMPLATE """{template}"""', f"PARAMETER num_ctx {context}"]
    lines += [f'PARAMETER stop "{stop}"' for stop in stops]
    lines += [f"PARAMETER {name} {value:g}" for name, value in _sampling(generation).items()]
    return "\n".join(lines) + "\n"


def go_template(turns: Turns) -> str:
    """The turns in Go's template language, as Ollama runs it over ``.Messages``.

    Every piece is a quoted string of the language, so that nothing in it is taken for a
    command and no white space is trimmed.
    """
    roles = [("user", turns.user), ("assistant", turns.assistant)]
    if turns.system is not None:
        roles.insert(0, ("system", turns.system))
    parts = [
        f"{{{{ if not .System }}}}{_quoted(turns.opening)}{{{{ end }}}}" if turns.opening else "",
        "{{ range $i, $_ := .Messages }}",
        "{{ $last := eq (len (slice $.Messages $i)) 1 }}",
    ]
    for number, (role, (before, after)) in enumerate(roles):
        word = "if" if number == 0 else "else if"
        # An answer that was begun is gone on with, so its turn stays open.
        end = (
            f"{{{{ if not $last }}}}{_quoted(after)}{{{{ end }}}}" if role == "assistant" else _quoted(after)
        )
        parts.append(f'{{{{ {word} eq .Role "{role}" }}}}{_quoted(before)}{{{{ .Content }}}}{end}')
    parts.append("{{ end }}")
    parts.append(
        f'{{{{ if and $last (ne .Role "assistant") }}}}{_quoted(turns.prompt)}{{{{ end }}}}{{{{ end }}}}'
    )
    return "".join(parts)


def commands(
    name: str, base: str, forms: list[tuple[Form, str]], adapter: dict[str, Any], dtype: str
) -> dict[str, str]:
    """Shell commands that serve each artefact on this machine, from the export's folder."""
    found: dict[str, str] = {}
    for form, place in forms:
        if form.kind == "adapter" and not any(adapter.get(key) for key in ONLY_MERGED):
            rank = next((most for most in RANKS if most >= int(adapter.get("r", 8))), RANKS[-1])
            found["vLLM, base with adapter"] = _line(
                "vllm", "serve", base, "--enable-lora", "--max-lora-rank", rank, "--dtype", dtype,
                "--lora-modules", f"{name}=./{place}", "--chat-template", "./chat_template.jinja",
            )  # fmt: skip
        elif form.kind == "merged":
            kept = dtype if form.dtype == "base" else form.dtype
            found[f"vLLM, {form.name}"] = _line(
                "vllm", "serve", f"./{place}", "--served-model-name", name, "--dtype", kept,
                "--chat-template", "./chat_template.jinja",
            )  # fmt: skip
            found[f"transformers, {form.name}"] = _line("transformers", "serve", f"./{place}", "--port", 8000)
        elif form.kind == "gguf":
            tag = f"{name}:{form.dtype}"
            found[f"Ollama, {form.name}"] = "\n".join(
                [
                    _line("ollama", "create", tag, "-f", f"gguf/Modelfile.{form.dtype}"),
                    _line("ollama", "run", tag),
                ]
            )
            found[f"llama.cpp, {form.name}"] = _line(
                "llama-server", "-m", f"./{place}", "--alias", name, "--jinja", "--port", 8000
            )
    return found


def serving_page(told: dict[str, str], name: str, stops: list[str], notes: list[str]) -> str:
    """The Markdown page of an export that says how to serve it and how to ask it."""
    body = {"model": name, "messages": [{"role": "user", "content": "Hello."}]}
    lines = [
        "# Serving",
        "",
        "Run these in this folder. Each serves the OpenAI chat API on this machine.",
        "",
    ]
    for what, line in told.items():
        lines += [f"## {what}", "", "```sh", line, "```", ""]
    lines += ["## Ask it", "", "```sh", _line(
        "curl", "http://localhost:8000/v1/chat/completions", "-H", "Content-Type: application/json",
        "-d", json.dumps(body),
    ), "```", ""]  # fmt: skip
    lines += ["Ollama listens on port 11434.", "", "## Where an answer ends", ""]
    lines += [f"- `{stop}`" for stop in stops]
    lines += ["", *[f"- {note}" for note in notes]]
    return "\n".join(lines).rstrip() + "\n"


def _sampling(generation: Any) -> dict[str, float]:
    if not getattr(generation, "do_sample", False):
        return {"temperature": 0.0}
    wanted = {
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": "top_k",
        "repeat_penalty": "repetition_penalty",
    }
    values = {name: getattr(generation, key, None) for name, key in wanted.items()}
    return {name: float(value) for name, value in values.items() if value is not None}


def _quoted(text: str) -> str:
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""


def _line(*words: object) -> str:
    return shlex.join(str(word) for word in words)
