"""Train: choose data, base and settings; preflight says what would happen; start the run."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from pages.shell import choose_dataset, empty, guarded, run_command, show_command, show_page
from workbench.markup import mask_html, plain
from workbench.models import TINY_CHAT
from workbench.projects import Project
from workbench.runs import start_run
from workbench.starting import create_training
from workbench.training.settings import TrainSettings, make_settings
from workbench.versions import Dataset
from workbench.views import dataset_refs, duration_text, finished_adapters, run_subject

SIMPLE = ("epochs", "learning_rate", "batch_size", "lora_r", "max_length", "max_steps")
ELSEWHERE = ("method", "data", "base", "adapter", "replay", "replay_share", "retained_text")
ONLY_DPO = ("beta", "sft_weight")
METHODS = {"sft": "SFT: learn from answers", "dpo": "DPO: learn from preferences"}


def body(project: Project) -> None:
    method = st.segmented_control(
        "Method",
        list(METHODS),
        format_func=METHODS.__getitem__,
        default="sft",
        required=True,
        key="train_method",
        help="DPO usually goes on from an SFT adapter.",
    )
    method = str(method)
    refs = dataset_refs(project, "preference" if method == "dpo" else "sft")
    if not refs:
        what = "preference pairs" if method == "dpo" else "conversations"
        empty(f"There is no dataset of {what} yet.", "import", "Import a file")
        return
    chosen = inputs(project, method, refs)
    if chosen is None:
        return
    dataset, values, download = chosen
    values |= settings_form(method)
    guarded(actions, project, dataset, method, values, download)


def inputs(project: Project, method: str, refs: list[str]) -> tuple[Dataset, dict[str, Any], bool] | None:
    left, right = st.columns(2, gap="large")
    with left:
        dataset = choose_dataset(project, f"train_{method}_dataset", refs=refs)
        if dataset is None:
            return None
        if not any(name in dataset.manifest["counts"]["split"] for name in ("train", "validation")):
            st.warning(
                "This version is not split: nothing is held out to stop early by.",
                icon=":material/call_split:",
            )
            st.page_link("pages/coverage.py", label="Split it", icon=":material/arrow_forward:")
        base = st.text_input("Base model", value=TINY_CHAT, key="train_base", help=text_of("base"))
        download = st.checkbox(
            "Allow a download",
            key="train_download",
            help="Lets the hub be asked for the model. Off: only what is on this machine.",
        )
    with right:
        adapters = {run.id: f"{run.id} · {run_subject(run)}" for run in finished_adapters(project)}
        adapter = st.selectbox(
            "Go on from adapter",
            [None, *adapters],
            format_func=lambda i: adapters.get(i, "none: start from the base"),
            key=f"train_{method}_adapter",
            help=text_of("adapter"),
        )
        sft = [ref for ref in dataset_refs(project, "sft") if ref != dataset.ref]
        replay = None
        if method == "sft":
            one, two = st.columns([2, 1])
            replay = one.selectbox(
                "Replay",
                [None, *sft],
                format_func=lambda r: r or "none",
                key="train_replay",
                help=text_of("replay"),
            )
            share = two.number_input(
                "Its share",
                0.0,
                0.95,
                0.3,
                step=0.05,
                key="train_share",
                help=text_of("replay_share"),
                disabled=replay is None,
            )
        retained = st.selectbox(
            "Watch forgetting on",
            [None, *sft],
            format_func=lambda r: r or "none",
            key=f"train_{method}_retained",
            help=text_of("retained_text"),
        )
    values: dict[str, Any] = {
        "data": dataset.ref,
        "base": base.strip(),
        "adapter": adapter,
        "retained_text": retained,
    }
    if replay is not None:
        values |= {"replay": replay, "replay_share": float(share)}
    return dataset, values, bool(download)


def settings_form(method: str) -> dict[str, Any]:
    """Widgets drawn from the fields of `TrainSettings`; returns what differs from the defaults."""
    defaults = make_settings(method, overrides={"data": "x", "base": "x"})  # type: ignore[arg-type]
    hidden = (*ELSEWHERE, *SIMPLE, *(ONLY_DPO if method == "sft" else ()))
    found: dict[str, Any] = {}
    st.subheader("Settings", anchor=False)
    for column, name in zip(st.columns(len(SIMPLE)), SIMPLE, strict=True):
        with column:
            found[name] = field(method, name, getattr(defaults, name))
    with st.expander("More settings", icon=":material/tune:"):
        rest = [name for name in TrainSettings.model_fields if name not in hidden]
        columns = st.columns(4)
        for number, name in enumerate(rest):
            with columns[number % 4]:
                found[name] = field(method, name, getattr(defaults, name))
    return {name: value for name, value in found.items() if value != getattr(defaults, name)}


def field(method: str, name: str, default: Any) -> Any:
    """The widget that fits a field's type and bounds."""
    info = TrainSettings.model_fields[name]
    label, key, text = label_of(name), f"set_{method}_{name}", info.description
    if get_origin(info.annotation) is Literal:
        options = list(get_args(info.annotation))
        return st.selectbox(label, options, index=options.index(default), key=key, help=text)
    if isinstance(default, bool):
        return st.checkbox(label, value=default, key=key, help=text)
    if isinstance(default, int):
        return int(
            st.number_input(
                label,
                min_value=bound(info, "ge"),
                max_value=bound(info, "le"),
                value=default,
                step=1,
                key=key,
                help=text,
            )
        )
    if isinstance(default, float):
        step = 1.0 if default >= 1 else 10.0 ** (math.floor(math.log10(default)) - 1) if default else 0.01
        return float(
            st.number_input(
                label,
                min_value=float(bound(info, "ge") or 0),
                value=default,
                step=step,
                format="%.6g",
                key=key,
                help=text,
            )
        )
    return st.text_input(label, value=default, key=key, help=text).strip()


def bound(info: FieldInfo, name: str) -> int | None:
    return next((getattr(limit, name) for limit in info.metadata if hasattr(limit, name)), None)


def label_of(name: str) -> str:
    return (
        name.replace("lora_", "LoRA ")
        .replace("_", " ")
        .replace("load in 4bit", "4-bit base")
        .strip()
        .capitalize()
        .replace("Lora", "LoRA")
    )


def text_of(name: str) -> str:
    return str(TrainSettings.model_fields[name].description)


def actions(project: Project, dataset: Dataset, method: str, values: dict[str, Any], download: bool) -> None:
    settings = make_settings(method, overrides=values)  # type: ignore[arg-type]
    words = command_words(values, download)
    with st.container(horizontal=True):
        check = st.button(
            "Preflight",
            key="preflight_go",
            icon=":material/fact_check:",
            help="Counts rows and tokens, checks the loss mask, estimates memory and time.",
        )
        start = st.button(
            "Start training",
            type="primary",
            key="train_go",
            icon=":material/play_arrow:",
            help="Runs in a process of its own; this page may be closed.",
        )
    if start:
        run = create_training(project, settings, allow_download=download)
        start_run(run)
        st.switch_page("pages/runs.py", query_params={"run": run.id})
    if check:
        with st.spinner("Encoding the rows as the trainer would", show_time=True):
            found = run_command(
                "preflight",
                "--method",
                method,
                *words,
                "--project",
                str(project.root),
                allow_download=download,
            )
        st.session_state["preflight"] = (settings.model_dump(), found)
    shown = st.session_state.get("preflight")
    if shown:
        if shown[0] != settings.model_dump():
            st.info("The settings have changed since this preflight.", icon=":material/info:")
        show_preflight(shown[1])
    show_command(project, "train", method, *words)


def command_words(values: dict[str, Any], download: bool) -> list[str]:
    words: list[str] = []
    for name, value in values.items():
        if value is None:
            continue
        words += (
            [f"--{name}", str(value)] if name in ("data", "base", "adapter") else ["--set", f"{name}={value}"]
        )
    return [*words, *(["--allow-download"] if download else [])]


def show_preflight(found: dict[str, Any]) -> None:
    st.subheader("Preflight", anchor=False)
    facts = (
        ("Training rows", f"{found['rows']:,}"),
        ("Of these replay", f"{found['replay_rows']:,}"),
        ("Held-out rows", f"{found['held_out_rows']:,}"),
        ("Tokens", short(found["tokens"])),
        ("Tokens learned", f"{100 * found['supervised_share']:.0f} %"),
        ("Longest row", f"{found['longest']:,}"),
        ("Steps", f"{found['steps']:,}"),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, value, border=True)
    for warning in found["warnings"]:
        st.warning(plain(warning), icon=":material/warning:")
    if found["problems"]:
        table = [
            {"problem": name.replace("_", " "), "rows": count} for name, count in found["problems"].items()
        ]
        st.dataframe(table, hide_index=True, alt="Rows with a problem", width="content")
    if found["estimates"]:
        st.markdown("**About, within a factor of two**")
        lines = [
            f"- {plain(e['name'])}: **{amount(e)}**, because {plain(e['reason'])}" for e in found["estimates"]
        ]
        st.markdown("\n".join(lines))
    with st.expander(
        "First rows, as the trainer sees them: what is marked is learned",
        icon=":material/visibility:",
        expanded=True,
    ):
        for row in found["first_rows"][:4]:
            with st.container(border=True):
                st.html(mask_html(row))


def amount(estimate: dict[str, Any]) -> str:
    value, unit = float(estimate["value"]), str(estimate["unit"])
    if unit == "s":
        return duration_text(value)
    return f"{1000 * value:.0f} MB" if unit == "GB" and value < 1 else f"{value:.1f} {unit}"


def short(number: int) -> str:
    """A count that fits into a narrow box."""
    return (
        f"{number:,}"
        if number < 10_000
        else f"{number / 1e3:.0f} k"
        if number < 1e6
        else f"{number / 1e6:.1f} M"
    )


show_page(
    "Train", "Teach a LoRA adapter from one dataset version; the base model's weights stay as they are.", body
)
