"""Import of a million chats stays under 1 GB resident; beside it, loaders that only parse.

The peers turn JSON into Arrow or a DuckDB table; import also validates, hashes and records every
row. Each runs in a process of its own, one after another.

    python benchmarks/import_speed.py [ROWS]
"""

from __future__ import annotations

import shutil
import sys
import tempfile

from made import Measured, chats, measured

OURS = """
from pathlib import Path
from workbench.importing import import_files
from workbench.projects import init_project
result = import_files(init_project(Path(sys.argv[2])), [Path(sys.argv[1])], "bench")
assert result.rows_in == result.rows_out
"""
READ_ONLY = """
from pathlib import Path
from workbench.formats import read_examples
for row in read_examples(Path(sys.argv[1])):
    pass
"""
PEERS = {
    "datasets.load_dataset('json')": """
from datasets import load_dataset
load_dataset("json", data_files=sys.argv[1], cache_dir=sys.argv[2], split="train")
""",
    "pyarrow.json.read_json": """
import pyarrow.json
import pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.json.read_json(sys.argv[1]), sys.argv[2] + "/rows.parquet", compression="zstd")
""",
    "duckdb read_json to Parquet": """
import duckdb
source, target = sys.argv[1].replace("'", "''"), sys.argv[2].replace("'", "''")
duckdb.sql(f"copy (select * from read_json('{source}')) to '{target}/rows.parquet' (codec zstd)")
""",
}


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    path = chats(rows)
    megabytes = path.stat().st_size / 1e6
    print(f"{path.name}: {megabytes:.0f} MB")
    print(f"{'what':44} {'seconds':>8} {'CPU s':>7} {'rows/s':>9} {'MB/s':>7} {'peak MB':>8}")
    tried = {"workbench import": OURS, "workbench, reading only": READ_ONLY, **PEERS}
    found: dict[str, Measured] = {}
    for name, code in tried.items():
        folder = tempfile.mkdtemp()
        found[name] = taken = measured(code, str(path), folder)
        shutil.rmtree(folder)
        speed = f"{rows / taken.seconds:9,.0f} {megabytes / taken.seconds:7.1f}"
        print(f"{name:44} {taken.seconds:8.1f} {taken.cpu:7.1f} {speed} {taken.memory:8,.0f}", flush=True)
    limit = found["workbench import"].memory < 1000
    print("under 1 GB resident:", "yes" if limit else "NO")
    return 0 if limit else 1


if __name__ == "__main__":
    sys.exit(main())
