"""The export on the page Approve: what the gate let through, or a person took on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.shell import run_command, show_command
from workbench.export.exporting import find_verdict
from workbench.markup import plain
from workbench.projects import Project
from workbench.report.gathering import Judged


def exporting(project: Project, judged: Judged) -> None:
    st.subheader("Export", anchor=False)
    if judged.adapter is None:
        st.info(
            "This candidate has weights of its own; what is exported is an adapter.", icon=":material/info:"
        )
        return
    adapter, scale = judged.adapter, float(judged.entry.get("scale", 1.0))
    name = adapter.parent.name if adapter.name == "adapter" else str(adapter)
    verdict = find_verdict(project, adapter, scale).verdict
    st.markdown("Adapter, model card, data card, report and a manifest with every file's hash.")
    target = st.text_input(
        "New folder",
        value=str(project.folder("exports", Path(name).name)),
        key=f"export_to_{name}",
        help="It must be empty or absent.",
    ).strip()
    merge = st.checkbox(
        "Also the merged model",
        key="export_merge",
        help="Base and adapter in one, asked judged items again.",
    )
    by, reason = override(verdict) if verdict != "pass" else ("", "")
    allowed = verdict == "pass" or bool(by and reason)
    words = [name, "--to", target, *(["--merge"] if merge else [])]
    words += ["--scale", f"{scale:g}"] if scale != 1.0 else []
    words += ["--override", "--reason", reason, "--by", by] if verdict != "pass" and allowed else []
    text = (
        "Writes the folder."
        if allowed
        else "There is no passing verdict; an override needs a name and a reason."
    )
    if st.button(
        "Export" if verdict == "pass" else "Export without a pass",
        type="primary",
        key="export_go",
        icon=":material/inventory_2:",
        disabled=not (allowed and target),
        help=text,
    ):
        with st.spinner("Copying, merging if asked, asking judged items again, hashing", show_time=True):
            st.session_state["exported"] = run_command("export", *words, "--project", str(project.root))
    if "exported" in st.session_state:
        show_exported(st.session_state["exported"])
    show_command(project, "export", *words)


def override(verdict: str) -> tuple[str, str]:
    st.warning(
        f"The newest verdict on exactly these weights is: {plain(verdict)}. The export is refused.",
        icon=":material/block:",
    )
    with st.expander("Take responsibility and override", icon=":material/assignment_ind:"):
        by = st.text_input("Your name", key="export_by", help="Printed in report, card and manifest.").strip()
        reason = st.text_area(
            "Reason", key="export_reason", height=80, help="Printed in report, card and manifest."
        ).strip()
    return by, reason


def show_exported(done: dict[str, Any]) -> None:
    words = "with an override" if done["overridden"] else "with a passing verdict"
    st.success(f"Exported {words}: {plain(done['path'])}", icon=":material/inventory_2:")
    for name, found in done["parity"].get("artefacts", {}).items():
        st.markdown(f"{plain(name)}: {found['flips']} of {found['items']} judged items answered otherwise.")
    st.dataframe(
        [{"file": name, "SHA-256": digest} for name, digest in done["files"].items()],
        hide_index=True,
        alt="Exported files",
    )
