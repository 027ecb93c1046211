"""The default recipe over 100,000 short chats, without holding all text in memory.

Prints time by step and the peak memory of the largest process; beside it, what holding all
rows as Python objects alone would take.

    python benchmarks/propose_memory.py [ROWS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from made import chats, measured, show

IMPORT = """
from pathlib import Path
from workbench.importing import import_files
from workbench.projects import init_project
import_files(init_project(Path(sys.argv[2])), [Path(sys.argv[1])], "bench")
"""
PROPOSE = """
from pathlib import Path
from workbench.projects import Project
from workbench.proposing import propose
from workbench.recipes import load_recipe
from workbench.versions import open_dataset
if __name__ == "__main__":
    project = Project(Path(sys.argv[1]))
    for result in propose(project, open_dataset(project, "bench"), load_recipe("clean"), workers=1):
        open(sys.argv[2], "a").write(f"  {result.step:20} {result.findings:9,} findings {result.seconds:8.1f} s\\n")
"""
ALL_ROWS = """
from pathlib import Path
from workbench.projects import Project
from workbench.versions import open_dataset
rows = list(open_dataset(Project(Path(sys.argv[1])), "bench").examples())
"""


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    path = chats(rows, words=12)
    with tempfile.TemporaryDirectory() as folder:
        steps = Path(folder) / "steps.txt"
        project = str(Path(folder) / "project")
        measured(IMPORT, str(path), project)
        found = [
            ("workbench propose --recipe clean", rows, measured(PROPOSE, project, str(steps))),
            ("every row as Python objects, nothing done", rows, measured(ALL_ROWS, project)),
        ]
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
        print(steps.read_text(), end="")
    show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
