"""Import: a file into a new dataset version; bad rows are listed with reason and remedy."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shell import guarded, show_command, show_page, show_ref
from workbench.errors import NotFoundError
from workbench.files import read_lines
from workbench.formats import FORMATS, Accepted, Rejected, detect_file, read_examples
from workbench.importing import import_files
from workbench.markup import example_html, plain
from workbench.projects import Project
from workbench.versions import dataset_names
from workbench.views import column_mapping, file_name_as_dataset

TYPES = ["jsonl", "json", "csv", "tsv", "parquet", "gz", "zst", "txt"]
CHECKED = 500
SHOWN = 5


def body(project: Project) -> None:
    path = chosen_file()
    if path is None:
        st.info(
            "Chat messages, ShareGPT, Alpaca, preference pairs, prompt and completion, or any table "
            "of columns: the format is detected and shown before anything is written.",
            icon=":material/info:",
        )
        show_command(project, "import", "FILE", "--name", "NAME")
    else:
        guarded(file_chosen, project, path)
    if "import_result" in st.session_state:
        result(st.session_state["import_result"])


def chosen_file() -> Path | None:
    way = st.segmented_control(
        "Where is the file?",
        ["Upload", "On this machine"],
        default="Upload",
        required=True,
        key="import_way",
        help="Large files are better named by path: an upload is held in memory.",
    )
    if way == "Upload":
        given = st.file_uploader(
            "File", type=TYPES, key="import_upload", help="Nothing is written before Import."
        )
        return stored(given) if given else None
    typed = st.text_input(
        "Path",
        key="import_path",
        placeholder="/data/support_chats.jsonl",
        help="A file that this machine can read.",
    ).strip()
    if not typed:
        return None
    path = Path(typed).expanduser()
    if not path.is_file():
        raise NotFoundError("there is no such file", where=typed, remedy="check the path")
    return path


def stored(given: Any) -> Path:
    """Keep an upload as a file of its own name, in a folder only we can read."""
    if "import_folder" not in st.session_state:
        st.session_state["import_folder"] = tempfile.mkdtemp(prefix="workbench-upload-")
    path = Path(st.session_state["import_folder"]) / Path(given.name).name
    if (
        not path.exists()
        or path.stat().st_size != given.size
        or st.session_state.get("import_id") != given.file_id
    ):
        path.write_bytes(given.getbuffer())
        st.session_state["import_id"] = given.file_id
    return path


def file_chosen(project: Project, path: Path) -> None:
    left, right = st.columns(2)
    name = left.text_input(
        "Dataset name",
        value=file_name_as_dataset(path.name),
        key=f"import_name_{path.name}",
        help="Lower-case letters, digits, '-', '_', '.'",
    )
    typed = right.text_input(
        "Columns (only for tables that are not recognised)",
        key="import_map",
        placeholder="user=question assistant=answer label=topic",
        help="Says which column is what, as role=column, separated by spaces.",
    )
    mapping = column_mapping(typed) or None
    found = detect_file(path, None, mapping)
    forced = left.selectbox(
        "Format",
        [None, *FORMATS],
        format_func=lambda name: f"detected: {found}" if name is None else f"{name}: {FORMATS[name].TITLE}",
        key="import_format",
        disabled=mapping is not None,
        help="Change it only if detection is wrong.",
    )
    append = right.checkbox(
        "Keep the rows the dataset has",
        key="import_append",
        disabled=name not in dataset_names(project),
        help="Without this, the new version holds the rows of this file only.",
    )
    format_name = None if mapping else forced
    preview(path, format_name, mapping)
    if st.button("Import", type="primary", icon=":material/upload_file:", key="import_go", disabled=not name):
        with st.spinner("Reading, checking and writing", show_time=True):
            done = import_files(project, [path], name, format=format_name, mapping=mapping, append=append)
        st.session_state["import_result"] = done.as_dict()
        show_ref(done.dataset)
    options = ["--format", format_name] if format_name else []
    options += [word for role, column in (mapping or {}).items() for word in ("--map", f"{role}={column}")]
    show_command(project, "import", path, "--name", name, *options, *(["--append"] if append else []))


def preview(path: Path, format_name: str | None, mapping: dict[str, str] | None) -> None:
    rows = list(islice(read_examples(path, format_name, mapping), CHECKED))
    good = [row for row in rows if isinstance(row, Accepted)]
    bad = [row for row in rows if isinstance(row, Rejected)]
    st.subheader("First rows, as they are read", anchor=False)
    first = "the first " if len(rows) == CHECKED else ""
    st.markdown(f"Of {first}{len(rows)} rows, {len(good)} can be read and {len(bad)} would be rejected.")
    if bad:
        table = [{"line": row.line, "reason": row.reason, "remedy": row.remedy} for row in bad[:20]]
        st.dataframe(table, hide_index=True, alt="Rows that would be rejected")
    for row in good[:SHOWN]:
        label = row.example["label"]
        with st.expander(
            f"Line {row.line} · {row.example['kind']}" + (f" · {plain(label)}" if label else ""),
            expanded=row is good[0],
        ):
            st.html(example_html(row.example))


def result(done: dict[str, Any]) -> None:
    st.subheader("Imported", anchor=False)
    st.success(
        f"{plain(done['dataset'])} was read as {plain(done['format'])}.", icon=":material/check_circle:"
    )
    facts = (
        ("Rows in the file", done["rows_in"]),
        ("Rows imported", done["rows_out"]),
        ("Rejected", done["rejects"]),
        ("Known already", done["duplicates_of_existing"]),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)
    if done["rejects_path"]:
        path = Path(done["rejects_path"])
        st.markdown("Rejected rows, with line, reason and remedy. Their text is not copied.")
        st.dataframe(read_lines(path)[:1000], hide_index=True, alt="Rejected rows")
        st.download_button(
            "Download the rejects",
            data=path.read_bytes,
            file_name=path.name,
            mime="application/jsonl",
            on_click="ignore",
            key="import_rejects",
            icon=":material/download:",
        )
    st.page_link("pages/recipe.py", label="Next: run a recipe over it", icon=":material/arrow_forward:")


show_page("Import", "Read a file of conversations or preference pairs into a new dataset version.", body)
