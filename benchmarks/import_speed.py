"""Import of a 100 MB JSONL stays under 1 GB resident; beside it, the loader of `datasets`.

The peer only turns JSON into Arrow; import also validates, hashes and records every row.

    python benchmarks/import_speed.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile

from made import chats, measured, show

OURS = """
from pathlib import Path
from workbench.importing import import_files
from workbench.projects import init_project
result = import_files(init_project(Path(sys.argv[2])), [Path(sys.argv[1])], "bench")
assert result.rows_in == result.rows_out
"""
PEER = """
from datasets import load_dataset
load_dataset("json", data_files=sys.argv[1], cache_dir=sys.argv[2], split="train")
"""


def main() -> int:
    rows = 320_000
    path = chats(rows)
    found = []
    for name, code in (("workbench import", OURS), ("datasets.load_dataset (no checks, no ids)", PEER)):
        folder = tempfile.mkdtemp()
        found.append((name, rows, measured(code, str(path), folder)))
        shutil.rmtree(folder)
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
    show(found)
    limit = found[0][2].memory < 1000
    print("under 1 GB resident:", "yes" if limit else "NO")
    return 0 if limit else 1


if __name__ == "__main__":
    sys.exit(main())
