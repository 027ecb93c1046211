"""Secrets: keys, tokens and passwords, found by their issuers' published formats."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from workbench.examples import Example, parts
from workbench.findings import Finding, about
from workbench.recipes import StepOptions

TITLE = "Secrets"
SCOPE = "map"


@dataclass(frozen=True)
class Rule:
    """A format. ``keyword`` must be in the lower-cased text before the pattern is tried."""

    name: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]
    min_entropy: float = 0.0


RULES = (
    Rule("AWS_ACCESS_KEY", ("akia", "asia"), re.compile(r"\b((?:AKIA|ASIA)[A-Z2-7]{16})\b")),
    Rule("GITHUB_TOKEN", ("ghp_", "gho_", "ghs_", "ghu_"), re.compile(r"\b(gh[pous]_[A-Za-z0-9]{36,})\b")),
    Rule("GITHUB_TOKEN", ("github_pat_",), re.compile(r"\b(github_pat_[A-Za-z0-9_]{50,})\b")),
    Rule("GITLAB_TOKEN", ("glpat-",), re.compile(r"\b(glpat-[A-Za-z0-9_-]{20,})")),
    Rule("SLACK_TOKEN", ("xox",), re.compile(r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,})")),
    Rule("STRIPE_KEY", ("_live_", "_test_"), re.compile(r"\b([rs]k_(?:live|test)_[A-Za-z0-9]{16,})\b")),
    Rule("OPENAI_KEY", ("sk-",), re.compile(r"\b(sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,})"), 3.5),
    Rule("GOOGLE_KEY", ("aiza",), re.compile(r"\b(AIza[A-Za-z0-9_-]{35})")),
    Rule("HUGGING_FACE_TOKEN", ("hf_",), re.compile(r"\b(hf_[A-Za-z0-9]{30,})\b")),
    Rule(
        "PRIVATE_KEY",
        ("private key",),
        re.compile(
            r"(-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----)?)"
        ),
    ),
    Rule("JWT", ("eyj",), re.compile(r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})")),
    Rule("PASSWORD_IN_URL", ("://",), re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@]+:([^\s:/@]{3,})@", re.I)),
    Rule(
        "ASSIGNED_SECRET",
        ("secret", "token", "api_key", "apikey", "api-key", "passw", "bearer"),
        re.compile(
            r"(?:secret|token|api[_-]?key|passw(?:or)?d|bearer)\b[\"']?\s*(?:[:=]|\s)\s*[\"']?"
            r"([A-Za-z0-9+/_.=-]{20,})",
            re.I,
        ),
        3.5,
    ),
)


class Options(StepOptions):
    """``min_entropy`` replaces a rule's own floor (bits per character) when it is higher."""

    min_entropy: float = 0.0


def find(rows: list[Example], options: Options, _context: object = None) -> list[Finding]:
    """Propose to replace every secret by ``<NAME>``; evidence has offsets, never the value."""
    findings = []
    for row in rows:
        spans = [
            {"part": part, "message": index} | span
            for part, index, entry in parts(row)
            for span in scan(entry["content"], options.min_entropy)
        ]
        if spans:
            findings.append(about(row, "secrets", "secret", 0.95, "rewrite", spans=spans))
    return findings


def scan(text: str, min_entropy: float = 0.0) -> list[dict[str, object]]:
    """Spans ``{start, end, entity, score, operator, replacement}`` without overlaps."""
    lowered = text.lower()
    spans: list[dict[str, object]] = []
    taken: list[tuple[int, int]] = []
    for rule in RULES:
        if not any(keyword in lowered for keyword in rule.keywords):
            continue
        for match in rule.pattern.finditer(text):
            start, end = match.span(1)
            if entropy(match.group(1)) < max(rule.min_entropy, min_entropy):
                continue
            if any(start < right and left < end for left, right in taken):
                continue
            taken.append((start, end))
            spans.append(
                {
                    "start": start,
                    "end": end,
                    "entity": rule.name,
                    "score": 0.95,
                    "operator": "replace",
                    "replacement": f"<{rule.name}>",
                }
            )
    return sorted(spans, key=lambda span: str(span["start"]).zfill(9))


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
