r"""Go's regular expressions (RE2) in the words of Python's `regex`.

After the syntax that https://github.com/google/re2/wiki/Syntax states. What differs is written
anew: flags in the middle of a group, ``$``, ``\z``, ``\Q…\E``, POSIX classes and characters
that mean something in `regex` alone.
"""

from __future__ import annotations

import re

POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t\x20", "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": r"\x20-~", "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r\x20", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
COUNT = re.compile(r"\{\d+(?:,\d*)?\}")
FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?(:|\))")
NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
CLASS = re.compile(r"\[:(\^?)(\w+):\]")
CODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,8})\}")


class UnsupportedError(ValueError):
    """A piece of RE2 that has no like in `regex`. Its text names the piece."""


def from_re2(pattern: str) -> str:
    """A pattern for `regex` with the flag ASCII that matches what RE2 does.

    Raises `UnsupportedError`. What is no valid pattern at all is left for `regex` to refuse.
    """
    return _Rewriting(pattern).written()


class _Rewriting:
    """One pass over a pattern. A scope is a group: its flag for many lines, and flags set within."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.out: list[str] = []
        self.scopes: list[tuple[bool, list[str]]] = [(False, [])]

    def written(self) -> str:
        while self.position < len(self.pattern):
            self._step(self.pattern[self.position])
        self._close_flags()
        return "".join(self.out)

    def _step(self, character: str) -> None:
        many_lines, opened = self.scopes[-1]
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._group()
        elif character == ")":
            self._close_flags()
            if len(self.scopes) > 1:
                self.scopes.pop()
            self._take(1, ")")
        elif character == "|":  # flags set before hold for what follows too
            self._take(1, ")" * len(opened) + "|" + "".join(opened))
        elif character == "$":
            self._take(1, "$" if many_lines else r"\Z")
        elif character == "{" and not COUNT.match(self.pattern, self.position):
            self._take(1, r"\{")
        else:
            self._take(1, character)

    def _take(self, length: int, written: str) -> None:
        self.position += length
        self.out.append(written)

    def _group(self) -> None:
        many_lines = self.scopes[-1][0]
        if named := NAMED.match(self.pattern, self.position):
            self._take(len(named.group()), f"(?P<{named[1]}>")
        elif flags := FLAGS.match(self.pattern, self.position):
            self._flags(flags)
            return
        elif self.pattern.startswith("(?", self.position):
            raise UnsupportedError("a group that RE2 does not have")
        else:
            self._take(1, "(")
        self.scopes.append((many_lines, []))

    def _flags(self, flags: re.Match[str]) -> None:
        on, off, end = flags[1], flags[2] or "", flags[3]
        if "U" in on + off:
            raise UnsupportedError("the flag U (ungreedy)")
        many_lines, opened = self.scopes[-1]
        many_lines = (many_lines or "m" in on) and "m" not in off
        written = f"(?{on}{'-' + off if off else ''}:" if on + off else "(?:"
        self._take(len(flags.group()), written)
        if end == ":":
            self.scopes.append((many_lines, []))
        else:
            self.scopes[-1] = (many_lines, [*opened, written])

    def _close_flags(self) -> None:
        many_lines, opened = self.scopes[-1]
        self.out.append(")" * len(opened))
        self.scopes[-1] = (many_lines, [])

    def _escape(self) -> None:
        rest = self.pattern[self.position :]
        if code := CODE.match(rest):
            self._take(len(code.group()), re.escape(chr(int(code[1], 16))))
        elif rest.startswith(r"\z"):
            self._take(2, r"\Z")
        elif rest.startswith(r"\Q"):
            quoted = rest[2:].split(r"\E", 1)[0]
            self._take(len(quoted) + (4 if r"\E" in rest else 2), re.escape(quoted))
        elif rest[:2] == r"\C":
            raise UnsupportedError(r"\C (a single byte)")
        else:
            self._take(2, rest[:2])

    def _class(self) -> None:
        start = self.position
        head = "[^" if self.pattern.startswith("[^", start) else "["
        self._take(len(head), head)
        first = True
        while self.position < len(self.pattern):
            character = self.pattern[self.position]
            if character == "]" and not first:
                self._take(1, "]")
                return
            first = False
            if posix := CLASS.match(self.pattern, self.position):
                self._posix(posix)
            elif character == "\\":
                self._escape()
            else:
                self._take(1, "\\" + character if character in "[]&~|" else character)

    def _posix(self, posix: re.Match[str]) -> None:
        if posix[1] or posix[2] not in POSIX:
            raise UnsupportedError(f"the class {posix.group()}")
        self._take(len(posix.group()), POSIX[posix[2]])
