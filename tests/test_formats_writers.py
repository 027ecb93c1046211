"""What providers ask of a file, what is left out and said, and the folders that trainers load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import yaml

from tests.conftest import Command
from tests.make import example, pair, sentence, stored
from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats import Accepted, detect_file, read_examples
from workbench.formats.writers import WRITERS, write_examples
from workbench.importing import import_files
from workbench.projects import Project
from workbench.versions import open_dataset

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def user(content: str = "q", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(content: str | None = "a", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def tool(content: str = "r", call_id: str | None = "call_1") -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": call_id}


def system(content: str = "s") -> dict[str, Any]:
    return {"role": "system", "content": content}


def sft(*turns: dict[str, Any], **more: Any) -> Example:
    return make_example("sft", [message(turn) for turn in turns], **more)


def dpo(prompt: list[dict[str, Any]], chosen: list[Any], rejected: list[Any], **more: Any) -> Example:
    sides = {"chosen": [message(t) for t in chosen], "rejected": [message(t) for t in rejected]}
    return make_example("preference", [message(t) for t in prompt], **sides, **more)  # type: ignore[arg-type]


GOOD = sft(user(), assistant())
MANY = [sft(user(f"q{n}"), assistant()) for n in range(10)]
CALLED = sft(user(), assistant(None, tool_calls=[CALL]), tool(), assistant(), tools=TOOLS)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8-sig").splitlines()]


def written(tmp_path: Path, row: Example, format: str, **more: Any) -> dict[str, Any]:
    """The one row that an example becomes."""
    write_examples([row], format, tmp_path / "o.jsonl", **more)
    return lines(tmp_path / "o.jsonl")[0]


def refused(tmp_path: Path, row: Example, format: str) -> str:
    """Why a row is left out beside a good one; the list of such rows names its id."""
    result = write_examples([GOOD if row["kind"] == "sft" else PAIR, row], format, tmp_path / "o.jsonl")
    assert (result.rows, result.skipped) == (1, 1)
    (entry,) = lines(Path(result.skipped_path or ""))
    assert entry["id"] == row["id"]
    assert entry["remedy"]
    return str(entry["reason"])


PAIR = dpo([user()], [assistant("good")], [assistant("bad")])

OPENAI = [
    (sft(user()), "last message"),
    (sft(user(), assistant(), user("more")), "last message"),
    (sft(user(), assistant("")), "empty"),
    (sft(user(name="Ann B"), assistant()), "name"),
    (sft(user(), assistant(None, tool_calls=[CALL]), assistant()), "followed by"),
    (sft(user(), tool(), assistant()), "names the call"),
    (sft(user(), assistant(None, tool_calls=[CALL, CALL]), tool(), assistant()), "id of its own"),
    (sft(user(), assistant(None, tool_calls=[{**CALL, "type": "x"}]), tool(), assistant()), "function"),
    (sft(user(), assistant(None, tool_calls=[{**CALL, "function": {}}]), tool(), assistant()), "name"),
    (
        sft(
            user(),
            assistant(None, tool_calls=[{**CALL, "function": {"name": "f", "arguments": "x"}}]),
            tool(),
        ),
        "JSON object",
    ),
    (sft(user(), assistant(), tools=[{"name": "f"}]), "tools"),
    (sft(user(), assistant(), tools=[{"type": "function", "function": {"name": "a b"}}]), "tools"),
    (dpo([user(), assistant()], [assistant("x")], [assistant("y")]), "input ends"),
    (dpo([user()], [assistant("x"), assistant("z")], [assistant("y")]), "exactly one"),
    (dpo([user()], [assistant("x")], [user("y")]), "exactly one"),
]


@pytest.mark.parametrize(("row", "rule"), OPENAI)
def test_what_openai_would_refuse_is_left_out_with_the_rule(tmp_path: Path, row: Example, rule: str) -> None:
    assert rule in refused(tmp_path, row, "openai")


def test_openai_rows_hold_only_what_the_service_knows(tmp_path: Path) -> None:
    full = sft(system(), user(), assistant(), label="l", group="g", tags=["t"], weight=0.5, meta={"k": 1})
    assert written(tmp_path, full, "openai") == {"messages": [system(), user(), assistant()]}
    pair_row = written(tmp_path, PAIR, "openai")
    assert pair_row == {
        "input": {"messages": [user()]},
        "preferred_output": [assistant("good")],
        "non_preferred_output": [assistant("bad")],
    }


def test_weights_of_single_messages_come_back(tmp_path: Path) -> None:
    first = {"messages": [user(), assistant("x", weight=0), user("r"), assistant("y", weight=1)]}
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({**first, "parallel_tool_calls": False}))
    (row,) = read_examples(source)
    assert isinstance(row, Accepted)
    assert written(tmp_path, row.example, "openai") == {**first, "parallel_tool_calls": False}


def test_calls_without_ids_are_numbered_and_said_so(tmp_path: Path) -> None:
    bare = {key: value for key, value in CALL.items() if key != "id"}
    row = sft(user(), assistant(None, tool_calls=[bare, bare]), tool("1", None), tool("2", None), assistant())
    result = write_examples([row], "openai", tmp_path / "o.jsonl")
    turns = lines(tmp_path / "o.jsonl")[0]["messages"]
    assert [call["id"] for call in turns[1]["tool_calls"]] == ["call_1", "call_2"]
    assert [turn["tool_call_id"] for turn in turns[2:4]] == ["call_1", "call_2"]
    assert any("numbered" in warning for warning in result.warnings)


def test_azure_files_begin_with_a_mark_and_pairs_may_have_tool_turns(tmp_path: Path) -> None:
    several = dpo([user()], [assistant(None, tool_calls=[CALL]), tool(), assistant("x")], [assistant("y")])
    write_examples([several], "azure", tmp_path / "o.jsonl")
    assert (tmp_path / "o.jsonl").read_bytes().startswith(b"\xef\xbb\xbf{")
    assert "only messages" in refused(tmp_path, dpo([user()], [assistant("x")], [user("y")]), "azure")


@pytest.mark.parametrize("format_name", ["openai", "azure"])
def test_fewer_than_ten_rows_are_a_warning(tmp_path: Path, format_name: str) -> None:
    few = write_examples(MANY[:9], format_name, tmp_path / "o.jsonl")
    assert any("at least 10" in warning for warning in few.warnings)
    assert write_examples(MANY, format_name, tmp_path / "o.jsonl").warnings == []


def test_a_file_over_the_limit_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    small = replace(WRITERS["openai"], limits=replace(WRITERS["openai"].limits, most_bytes=100, most_rows=9))
    monkeypatch.setitem(WRITERS, "openai", small)
    warnings = write_examples(MANY, "openai", tmp_path / "o.jsonl").warnings
    assert any("MB" in warning for warning in warnings)
    assert any("at most 9 rows" in warning for warning in warnings)


BEDROCK = [
    (PAIR, "preference pairs"),
    (CALLED, "tools"),
    (sft(user(name="ann"), assistant()), "names"),
    (sft(assistant(), user(), assistant(), assistant()), "alternate"),
    (sft(user(), user(), assistant()), "alternate"),
    (sft(user()), "alternate"),
    (sft(system(), user(" "), assistant()), "empty"),
]


@pytest.mark.parametrize(("row", "rule"), BEDROCK)
def test_what_bedrock_would_refuse_is_left_out_with_the_rule(tmp_path: Path, row: Example, rule: str) -> None:
    with pytest.raises(InputError, match=rule) as error:
        write_examples([row], "bedrock", tmp_path / "o.jsonl")
    assert row["id"] in error.value.where
    assert list(tmp_path.iterdir()) == []


def test_bedrock_conversations_have_the_published_schema(tmp_path: Path) -> None:
    assert written(tmp_path, sft(system(), user(), assistant()), "bedrock") == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "s"}],
        "messages": [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"text": "a"}]},
        ],
    }
    assert written(tmp_path, GOOD, "bedrock-prompt") == {"prompt": "q", "completion": "a"}
    with pytest.raises(InputError, match="several turns"):
        write_examples([sft(system(), user(), assistant())], "bedrock-prompt", tmp_path / "p.jsonl")


def test_words_that_nova_reserves_are_a_warning(tmp_path: Path) -> None:
    rows = [GOOD, sft(user("User: hi"), assistant())]
    (warning,) = write_examples(rows, "bedrock", tmp_path / "o.jsonl").warnings
    assert warning.startswith("1 rows")


def test_vertex_rows_have_the_published_shape(tmp_path: Path) -> None:
    assert written(tmp_path, sft(system(), user(), assistant()), "vertex") == {
        "systemInstruction": {"role": "system", "parts": [{"text": "s"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "q"}]},
            {"role": "model", "parts": [{"text": "a"}]},
        ],
    }
    completions = written(tmp_path, PAIR, "vertex")["completions"]
    assert [(entry["score"], entry["completion"]["parts"]) for entry in completions] == [
        (1, [{"text": "good"}]),
        (0, [{"text": "bad"}]),
    ]


def test_vertex_calls_are_parts_and_come_back(tmp_path: Path) -> None:
    row = written(tmp_path, CALLED, "vertex")
    assert row["contents"][1]["parts"] == [{"functionCall": {"name": "f", "args": {"x": 1}}}]
    assert row["contents"][2] == {
        "role": "user",
        "parts": [{"functionResponse": {"name": "f", "response": {"content": "r"}}}],
    }
    (back,) = read_examples(tmp_path / "o.jsonl")
    assert isinstance(back, Accepted)
    assert back.example["id"] == CALLED["id"]


VERTEX = [
    (sft(user(), user("x"), assistant()), "alternate"),
    (sft(user()), "the model last"),
    (sft(user(), system(), assistant()), "system message"),
    (sft(user(), assistant("")), "empty"),
    (dpo([user(), assistant()], [assistant("x")], [assistant("y")]), "the user first and the user last"),
    (dpo([user()], [assistant("")], [assistant("y")]), "one text"),
]


@pytest.mark.parametrize(("row", "rule"), VERTEX)
def test_what_vertex_would_refuse_is_left_out_with_the_rule(tmp_path: Path, row: Example, rule: str) -> None:
    assert rule in refused(tmp_path, row, "vertex")


@pytest.mark.parametrize(
    ("record", "turns"),
    [
        (
            {"system": "s", "messages": [user(), assistant()]},
            [("system", "s"), ("user", "q"), ("assistant", "a")],
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"text": "q"}]},
                    {
                        "role": "assistant",
                        "content": [{"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}],
                    },
                    {
                        "role": "user",
                        "content": [{"toolResult": {"toolUseId": "1", "content": [{"json": {"a": 1}}]}}],
                    },
                ]
            },
            [("user", "q"), ("assistant", ""), ("tool", '{"a": 1}')],
        ),
    ],
)
def test_conversations_of_bedrock_and_anthropic_are_read(
    tmp_path: Path, record: dict[str, Any], turns: list[tuple[str, str]]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(record))
    assert detect_file(path) == "bedrock"
    (row,) = read_examples(path)
    assert isinstance(row, Accepted)
    assert [(turn["role"], turn["content"]) for turn in row.example["messages"]] == turns


# --- folders


def split_rows() -> list[Example]:
    rows = [sft(user(f"q{n}"), assistant(), label="l", meta={"n": n}) for n in range(6)]
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "validation")[number % 3]
    return rows


def test_llamafactory_folders_describe_their_files(tmp_path: Path) -> None:
    write_examples(split_rows(), "llamafactory", tmp_path / "lf", name="mine")
    info = json.loads((tmp_path / "lf" / "dataset_info.json").read_text())
    assert sorted(info) == ["mine_train", "mine_validation"]
    entry = info["mine_train"]
    rows = lines(tmp_path / "lf" / entry["file_name"])
    assert len(rows) == 4
    assert all(column in row for row in rows for column in entry["columns"].values())
    assert {turn[entry["tags"]["role_tag"]] for row in rows for turn in row["conversations"]} == {
        "human",
        "gpt",
    }
    write_examples([PAIR], "llamafactory", tmp_path / "pairs")
    assert json.loads((tmp_path / "pairs" / "dataset_info.json").read_text())["data_train"]["ranking"] is True


def test_what_llamafactory_would_skip_is_left_out_with_the_rule(tmp_path: Path) -> None:
    rows = [GOOD, sft(user(), user("x"), assistant()), sft(user(), assistant(), user())]
    result = write_examples(rows, "llamafactory", tmp_path / "lf")
    assert (result.rows, result.skipped) == (1, 2)
    assert result.skipped_path == str(tmp_path / "lf.skipped.jsonl")
    assert "alternate" in lines(tmp_path / "lf.skipped.jsonl")[0]["reason"]


def test_axolotl_configs_name_files_that_are_there(tmp_path: Path) -> None:
    write_examples(split_rows(), "axolotl", tmp_path / "ax")
    config = yaml.safe_load((tmp_path / "ax" / "config.yml").read_text())
    (train,), (validation,) = config["datasets"], config["test_datasets"]
    assert len(lines(tmp_path / "ax" / train["path"])) == 4
    assert len(lines(tmp_path / "ax" / validation["path"])) == 2
    assert (train["type"], train["field_messages"]) == ("chat_template", "messages")
    write_examples([PAIR], "axolotl", tmp_path / "pairs")
    assert yaml.safe_load((tmp_path / "pairs" / "config.yml").read_text())["rl"] == "dpo"
    assert lines(tmp_path / "pairs" / "train.jsonl")[0]["chosen"] == assistant("good")


@pytest.mark.parametrize("kind", ["sft", "preference"])
def test_datasets_loads_the_hugging_face_folder(tmp_path: Path, kind: str) -> None:
    import datasets

    rows = [*split_rows(), CALLED] if kind == "sft" else [PAIR]
    write_examples(rows, "huggingface", tmp_path / "hf", name="mine")
    loaded = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(part) for split, part in loaded.items()} == (
        {"train": 5, "validation": 2} if kind == "sft" else {"train": 1}
    )
    first = loaded["train"][0]
    assert first["messages" if kind == "sft" else "chosen"][-1]["content"] == (
        "a" if kind == "sft" else "good"
    )
    card = (tmp_path / "hf" / "README.md").read_text()
    assert yaml.safe_load(card.split("---")[1])["pretty_name"] == "mine"


def test_a_hugging_face_folder_imports_with_every_column(project: Project, tmp_path: Path) -> None:
    rows = [*split_rows(), CALLED]
    write_examples(rows, "huggingface", tmp_path / "hf")
    files = sorted((tmp_path / "hf" / "data").iterdir())
    dataset = open_dataset(project, import_files(project, files, "d").dataset)
    back = {row["id"]: {**row, "source": None} for row in dataset.examples()}
    assert back == {row["id"]: {**row, "source": None} for row in rows}


def test_a_split_cannot_name_a_file_outside_the_folder(tmp_path: Path) -> None:
    odd = sft(user(), assistant())
    odd["split"] = "../../x"
    result = write_examples([GOOD, odd], "axolotl", tmp_path / "in" / "ax")
    assert result.skipped == 1
    assert sorted(path.name for path in tmp_path.rglob("*.jsonl")) == ["ax.skipped.jsonl", "train.jsonl"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lf").mkdir()
    (tmp_path / "lf" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="something of this name"):
        write_examples([GOOD], "llamafactory", tmp_path / "lf")
    assert [path.name for path in (tmp_path / "lf").iterdir()] == ["mine.txt"]


# --- choosing, refusing, URLs


def test_only_the_chosen_split_and_kind_are_written(tmp_path: Path) -> None:
    rows = [*split_rows(), PAIR]
    assert write_examples(rows, "trl", tmp_path / "o.jsonl", split="validation").rows == 2
    assert write_examples(rows, "trl", tmp_path / "o.jsonl", kind="preference").rows == 1
    with pytest.raises(InputError, match="no row to write"):
        write_examples(rows, "trl", tmp_path / "n.jsonl", split="test")
    with pytest.raises(InputError, match="--kind"):
        write_examples(rows, "trl", tmp_path / "n.jsonl")


def test_validate_writes_nothing_unless_every_rule_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    with pytest.raises(InputError, match="1 rows do not fit"):
        write_examples([*MANY, sft(user())], "openai", out, validate=True)
    with pytest.raises(InputError, match="breaks a rule"):
        write_examples(MANY[:3], "openai", out, validate=True)
    assert list(tmp_path.iterdir()) == []
    assert write_examples(MANY, "openai", out, validate=True).rows == 10


def test_a_list_of_skipped_rows_goes_when_none_is_skipped(tmp_path: Path) -> None:
    write_examples([GOOD, sft(user())], "openai", tmp_path / "o.jsonl")
    assert (tmp_path / "o.jsonl.skipped.jsonl").exists()
    result = write_examples([GOOD], "openai", tmp_path / "o.jsonl")
    assert (result.skipped, result.skipped_path) == (0, None)
    assert [path.name for path in tmp_path.iterdir()] == ["o.jsonl"]


@pytest.fixture
def memory() -> Iterator[Any]:
    system_of_files = fsspec.filesystem("memory")
    system_of_files.store.clear()
    yield system_of_files
    system_of_files.store.clear()


@pytest.mark.parametrize("format_name", ["messages", "huggingface"])
def test_an_export_to_a_url_reads_back(project: Project, memory: Any, format_name: str) -> None:
    out = "memory://out/o.jsonl" if format_name == "messages" else "memory://out/folder"
    result = write_examples(MANY, format_name, out)
    source = out if format_name == "messages" else "memory://out/folder/data/*.parquet"
    assert result.path == out
    assert import_files(project, [source], "d").rows_out == 10


def test_the_command_says_what_it_left_out(here: Command, project: Project) -> None:
    rows = [example(f"{sentence(n)}?", sentence(n + 50)) for n in range(11)]
    stored(project, "d", [*rows, sft(user("no answer"))])
    out = project.root / "o.jsonl"
    answer = here("export-data", "d", "--format", "openai", "--out", out, "--json")
    assert answer.data == {
        "rows": 11,
        "path": str(out),
        "skipped": 1,
        "skipped_path": f"{out}.skipped.jsonl",
        "warnings": [],
    }
    strict = here("export-data", "d", "--format", "openai", "--out", out, "--validate", "--json")
    assert strict.returncode == 2
    assert strict.data["error"]["remedy"]


def test_the_command_chooses_a_kind(here: Command, project: Project) -> None:
    stored(project, "d", [example("q?", "a"), pair("q?", "x", "y")])
    line = ["export-data", "d", "--format", "trl", "--out", project.root / "o.jsonl", "--json"]
    assert here(*line).returncode == 2
    assert here(*line, "--kind", "preference").data["rows"] == 1


@pytest.mark.parametrize("name", WRITERS)
def test_every_written_format_is_documented_and_in_the_help(name: str) -> None:
    from workbench.cli.data import export_data

    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in page
    assert name in str(export_data.__annotations__["format"])


def test_an_export_never_lands_among_the_projects_own_files(here: Command, project: Project) -> None:
    stored(project, "d", [example("Where?", "Here it is.")])
    kept = {path: path.read_bytes() for path in project.folder("datasets").rglob("*.parquet")}
    for target in kept:
        done = here("export-data", "d", "--format", "parquet", "--out", target)
        assert done.returncode == 2
        assert target.read_bytes() == kept[target]
