"""Walls: what may import what, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "lm_eval",
    "presidio_analyzer",
    "sentence_transformers",
    "sklearn",
    "spacy",
}
FORBIDDEN_NAMES = {"datasets.py", "evaluate.py", "tokenizers.py", "types.py", "random.py", "statistics.py"}


def imports(path: Path) -> set[str]:
    """Top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_library_knows_no_streamlit() -> None:
    users = [p.name for p in (ROOT / "workbench").rglob("*.py") if "streamlit" in imports(p)]
    assert users == []


def test_pages_import_no_heavy_library() -> None:
    for path in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]:
        assert not imports(path) & HEAVY, path.name


def test_importing_every_module_loads_nothing_heavy() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "workbench").rglob("*.py"))
        if "_content" not in path.parts
    ]
    code = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nprint(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_shadows_a_library() -> None:
    entries = [*ROOT.glob("*.py"), *(ROOT / "trainers").glob("*.py")]
    assert not {path.name for path in entries} & FORBIDDEN_NAMES


def test_no_file_names_a_machine_path_or_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".txt", ".j2"} or name == "Makefile":
            text = path.read_text(encoding="utf-8")
            for word in ("/wo" + "rk/", "/ro" + "ot/", "pypi" + ".org", "file" + "://"):
                assert word not in text, f"{name} holds {word}"
