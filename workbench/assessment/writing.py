"""Write an assessment as HTML, JSON and Markdown: three files with the same numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench.assessment.charts import histogram, rates_chart, shortened
from workbench.assessment.measuring import SAMPLE_ROWS, assess
from workbench.assessment.results import Assessment, Rate
from workbench.files import expanded, file_sha256, read_json, write_json, write_text
from workbench.findings import findings_folder
from workbench.markup import printable
from workbench.projects import Project
from workbench.report.charts import bar_chart
from workbench.versions import Dataset

VERDICTS = {
    "enough": "Enough to fine-tune on",
    "narrow": "Enough for a narrow task",
    "not_enough": "Not enough yet",
}
ACTIVE = re.compile(r"([\\`*_\[\]|~#>])")
"""What Markdown would obey inside a line."""

OUTCOMES = {"ok": "enough", "thin": "thin", "short": "falls short", "unknown": "not known"}


@dataclass(frozen=True)
class Written:
    """Where the three files lie, and what they say."""

    html: Path
    json: Path
    markdown: Path
    data: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench assess``."""
        return {
            "dataset": self.data["dataset"],
            "html": str(self.html),
            "markdown": str(self.markdown),
            "json": str(self.json),
            "rows": self.data["volume"]["rows"],
            "tokens": self.data["tokens"],
            "enough": self.data["enough"],
        }


def write_assessment(
    project: Project,
    dataset: Dataset,
    folder: Path | None = None,
    *,
    base: str | None = None,
    sample_rows: int = SAMPLE_ROWS,
    seed: int = 0,
    progress: Callable[[str, float, float], None] | None = None,
) -> Written:
    """Assess a version and write the files; the JSON is written last. Raises as `assess` does.

    Without a folder they go to ``assessments/<name>/<version>/`` of the project.
    """

    def tick(done: int, total: int) -> None:
        if progress:
            progress("rows counted", done, total)

    found = assess(project, dataset, base=base, sample_rows=sample_rows, seed=seed, tick=tick)
    paths = assessment_paths(project, dataset, folder)
    data = as_json(found)
    write_text(paths["html"], render(data, "assessment.html.j2"))
    write_text(paths["md"], render(data, "assessment.md.j2"))
    write_json(paths["json"], data)
    return Written(paths["html"], paths["json"], paths["md"], data)


def read_assessment(project: Project, dataset: Dataset) -> tuple[dict[str, Any], bool] | None:
    """The assessment that was written of a version, and whether it is of the findings of now."""
    path = assessment_paths(project, dataset)["json"]
    if not path.exists():
        return None
    data = read_json(path)
    summary = findings_folder(project, dataset) / "propose.json"
    stamp = file_sha256(summary) if summary.exists() else ""
    current = data["content_hash"] == dataset.content_hash and data["findings_stamp"] == stamp
    return data, current


def assessment_paths(project: Project, dataset: Dataset, folder: Path | None = None) -> dict[str, Path]:
    """The three files of a version's assessment, by ending."""
    home = (
        expanded(folder) if folder else project.folder("assessments", dataset.name, f"v{dataset.version:04d}")
    )
    return {ending: home / f"assessment.{ending}" for ending in ("html", "json", "md")}


def as_json(found: Assessment) -> dict[str, Any]:
    """The result as plain JSON; what HTML and Markdown are rendered from."""
    value: dict[str, Any] = json.loads(json.dumps(asdict(found)))
    return value


def render(data: dict[str, Any], template: str) -> str:
    """Render a template; HTML is escaped by the engine, and names in Markdown by `cell`."""
    environment = Environment(
        loader=PackageLoader("workbench.assessment", "templates"),
        autoescape=template.endswith("html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, interval=interval, number=number, cell=cell)
    shown = {"charts": charts(data)} if template.endswith("html.j2") else {}
    text = environment.get_template(template).render(**data, verdicts=VERDICTS, outcomes=OUTCOMES, **shown)
    return text.rstrip("\n") + "\n"


def charts(data: dict[str, Any]) -> dict[str, Any]:
    """The charts of an assessment, by name: inline SVG, empty where there is nothing to draw."""
    tokens = data["tokens"]
    return {
        "tokens": histogram(
            [tuple(entry) for entry in tokens["histogram"]], "Rows by length", "tokens of a row"
        ),
        "languages": rates_chart(_rates(data["languages"][:12]), "Languages"),
        "duplicates": rates_chart(_rates(_looked(data["duplicates"])), "Duplicates"),
        "faults": rates_chart(_rates(data["faults"][:20]), "Faults"),
        "personal_data": rates_chart(_rates(_looked(data["personal_data"])), "Personal data"),
        "balance": {
            entry["by"]: bar_chart(
                {shortened(name): count for name, count in entry["top"]}, f"Rows by {entry['by']}"
            )
            for entry in data["balance"]
        },
    }


def looked_rows(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Kinds of fault as lines of a table; what nobody looked for says so."""
    lines = []
    for entry in entries:
        found = entry["rate"]
        line = {"what": entry["name"], "rows": None, "share": "not looked for", "95 % interval": ""}
        if found is not None:
            line |= {
                "rows": found["count"],
                "share": percent(found["value"]),
                "95 % interval": interval(found),
            }
        lines.append(line)
    return lines


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.1f} %"


def interval(entry: dict[str, Any]) -> str:
    """The bounds of a rate."""
    return f"{100 * entry['low']:.1f} to {100 * entry['high']:.1f} %"


def number(value: float) -> str:
    """A number with thousands apart; decimals only where there are some."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def cell(text: object) -> str:
    """A text on one line that Markdown shows letter by letter, also within a table."""
    return ACTIVE.sub(r"\\\1", " ".join(printable(str(text)).split())).replace("<", "&lt;")


def _looked(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry["rate"] for entry in entries if entry["rate"] and entry["rate"]["count"]]


def _rates(entries: list[dict[str, Any]]) -> list[Rate]:
    return [Rate(**entry) for entry in entries]
