"""Code within texts: where fenced blocks are, and what may be written at a place in code.

In a comment or a string anything may stand that does not end it; elsewhere only a name or a
number keeps the code valid. Python is judged by its own parser; for other languages a place
counts as text when it is within quotes or a comment on its line.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from functools import lru_cache
from typing import NamedTuple

_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*(?:\n|\Z)", re.MULTILINE)
_PYTHON = ("python", "py", "python3", "")
_NOT_CODE = ("text", "txt", "plain", "plaintext", "markdown", "md", "email", "quote")
_TEXT_TOKENS = frozenset(
    {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
)
_STATEMENT = re.compile(r"^(?:import|from|def|class|for|while|with|try|async|@)\b", re.MULTILINE)
_STATEMENTS = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom),
    *(ast.For, ast.While, ast.With, ast.Try),
)
LONGEST_PARSED = 100_000


class Block(NamedTuple):
    """A fenced block: what stands between the fences, and the language that is named, if one is."""

    start: int
    end: int
    language: str


def blocks(text: str) -> tuple[Block, ...]:
    """The fenced blocks of a Markdown text in order; one that is not closed goes to the end."""
    if "```" not in text and "~~~" not in text:
        return ()
    found: list[Block] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2]:
            found.append(Block(opened.end(), fence.start(), opened[2].lower()))
            opened = None
    if opened is not None:
        found.append(Block(opened.end(), len(text), opened[2].lower()))
    return tuple(found)


def fenced(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of every fenced block of code; blocks that say they are plain text are none."""
    return tuple((block.start, block.end) for block in blocks(text) if block.language not in _NOT_CODE)


def parses(code: str) -> bool:
    """Whether a text is Python that its parser accepts."""
    return len(code) <= LONGEST_PARSED and _parsed(code) is not None


def looks_python(text: str) -> bool:
    """Whether a text without fences is Python: it parses, and a statement or call is in it."""
    if len(text) > LONGEST_PARSED or not any(mark in text for mark in "=(:"):
        return False
    tree = _parsed(text)
    return tree is not None and any(
        not isinstance(node, ast.Expr | ast.AnnAssign) or _is_call(node) for node in tree.body
    )


def is_program(text: str) -> bool:
    """Whether a text without fences is wholly a Python program: it imports, defines or loops.

    Assignments alone are not enough: "Name = Jane" on two lines would be a program too.
    """
    if "\n" not in text or "```" in text or not _STATEMENT.search(text) or len(text) > LONGEST_PARSED:
        return False
    tree = _parsed(text)
    return tree is not None and any(isinstance(node, _STATEMENTS) for node in tree.body)


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def is_python(block: Block, code: str) -> bool:
    """Whether a block is Python that parses before anything is changed."""
    return block.language in _PYTHON and bool(code.strip()) and parses(code)


def is_bare(code: str, start: int, end: int, *, python: bool) -> bool:
    """Whether a place in code is outside of strings and comments, where only a name or number may be."""
    if python:
        return not any(a <= start and end <= b for a, b in _texts_of_python(code))
    line_start = code.rfind("\n", 0, start) + 1
    return not _in_text_of_line(code[max(line_start, start - 2000) : start])


@lru_cache(maxsize=64)
def _texts_of_python(code: str) -> tuple[tuple[int, int], ...]:
    starts = [0]
    for line in io.StringIO(code):
        starts.append(starts[-1] + len(line))
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in _TEXT_TOKENS:
                (row, column), (last_row, last_column) = token.start, token.end
                found.append((starts[row - 1] + column, starts[last_row - 1] + last_column))
    except (tokenize.TokenError, SyntaxError, IndexError):
        return ()
    return tuple(found)


def _in_text_of_line(before: str) -> bool:
    """Whether what stands on the line so far leaves a string or comment open."""
    quote = ""
    position = 0
    while position < len(before):
        character = before[position]
        if character == "\\":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        elif character == "#" or before.startswith(("//", "/*", "--", "<!--"), position):
            return True
        position += 1
    return bool(quote) or before.lstrip().startswith("*")
