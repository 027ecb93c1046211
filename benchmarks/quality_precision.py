"""What the default quality and language checks find in real files, with samples to judge by eye.

Prints findings and rows by kind, the speed, and with --sample N the text of up to N findings of
each kind, drawn with a fixed seed. The samples go to the terminal only. docs/quality.md has what
we judged them to be.

    python benchmarks/quality_precision.py FILE... [--sample N] [--kind K] [--clean N]
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from workbench.examples import Example
from workbench.findings import Finding
from workbench.formats import Accepted, read_examples
from workbench.steps import language, quality

SEED = 20
BATCH = 512
SHOWN = 320


def main() -> int:
    parser = argparse.ArgumentParser(description="count and show quality findings")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=0, help="findings of each kind to show")
    parser.add_argument("--kind", action="append", help="only show these kinds")
    parser.add_argument("--clean", type=int, default=0, help="rows without a finding to show")
    asked = parser.parse_args()
    rows = [row for path in asked.files for row in examples(path)]
    print(f"{len(rows):,} rows of {len(asked.files)} files")
    found = [
        *checked("quality", rows, lambda batch: quality.find(batch, quality.Options())),
        *checked("language", rows, lambda batch: language.find(batch, language.Options())),
    ]
    counted = Counter((f.kind, f.proposal) for f in found)
    for (kind, proposal), count in sorted(counted.items()):
        files = Counter(f.source["file"] for f in found if (f.kind, f.proposal) == (kind, proposal))
        where = ", ".join(f"{name} {n}" for name, n in files.most_common(3))
        print(f"{kind:22} {proposal:8} {count:7,}  {where}")
    places = {(row["source"]["file"], row["source"]["line"]): row for row in rows}
    for kind, findings in sampled(found, asked.sample).items():
        if not asked.kind or kind.split()[0] in asked.kind:
            show(kind, findings, places)
    hit = {(f.source["file"], f.source["line"]) for f in found}
    clean = [row for place, row in places.items() if place not in hit]
    for row in random.Random(SEED).sample(clean, min(asked.clean, len(clean))):
        print(f"\n-- no finding · {row['source']['file']}:{row['source']['line']}\n{text_of(row, None)}")
    return 0


def examples(path: Path) -> Iterator[Example]:
    """The rows of a file with their place."""
    for line, row in enumerate(read_examples(path), 1):
        if isinstance(row, Accepted):
            row.example["source"] = {"file": f"{path.parent.name}/{path.name}", "line": line}
            yield row.example


def checked(name: str, rows: list[Example], find) -> list[Finding]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Run one step in batches and print its speed in CPU seconds."""
    find(rows[:1])
    started = time.process_time()
    found = [f for start in range(0, len(rows), BATCH) for f in find(rows[start : start + BATCH])]
    seconds = time.process_time() - started
    print(f"{name}: {len(found):,} findings, {seconds:.1f} CPU s, {len(rows) / seconds:,.0f} rows/s")
    return found


def sampled(found: list[Finding], count: int) -> dict[str, list[Finding]]:
    """Up to ``count`` findings of each kind and proposal, in a fixed order, mixed over the files."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[f"{finding.kind} {finding.proposal}"].append(finding)
    generator = random.Random(SEED)
    chosen = {}
    for kind, findings in sorted(groups.items()):
        generator.shuffle(findings)
        files: Counter[str] = Counter()
        first, rest = [], []
        for finding in findings:
            files[finding.source["file"]] += 1
            few = files[finding.source["file"]] <= max(3, 0.4 * count)
            (first if few else rest).append(finding)
        chosen[kind] = (first + rest)[:count]
    return chosen if count else {}


def show(kind: str, findings: list[Finding], places: dict[tuple[str, int], Example]) -> None:
    """Print findings with the text around them."""
    for number, finding in enumerate(findings, 1):
        row = places[finding.source["file"], finding.source["line"]]
        evidence = {k: v for k, v in finding.evidence.items() if k != "spans"}
        place = f"{finding.source['file']}:{finding.source['line']}"
        print(
            f"\n== {kind} {number}/{len(findings)} · {finding.proposal} {finding.score:.2f} · {place} · {evidence}"
        )
        print(text_of(row, finding))


def text_of(row: Example, finding: Finding | None) -> str:
    """The prompt's end and the answer about a finding, white space made visible."""
    evidence = finding.evidence if finding else {}
    spot = (evidence.get("spans") or [evidence])[0]
    part, index, at = spot.get("part", ""), spot.get("message", -1), spot.get("at", spot.get("start", 0))
    lines = []
    for name in ("messages", "chosen", "rejected"):
        for number, entry in enumerate(row.get(name) or []):  # type: ignore[arg-type, var-annotated]
            here = (name, number) == (part, index)
            if part and not here and abs(number - index) > 1:
                continue
            text = entry["content"]
            if len(text) > SHOWN:
                middle = at if here and at > SHOWN // 2 else 0
                start = max(0, middle - SHOWN // 2)
                text = f"{text[start : start + SHOWN]!r} … {text[-SHOWN // 2 :]!r}"
            else:
                text = repr(text)
            lines.append(f"   {'>' if here else ' '} {name[:2]} {entry['role'][:4]}: {text}")
    return "\n".join(lines[:14])


if __name__ == "__main__":
    raise SystemExit(main())
