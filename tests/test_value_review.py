"""Review by value: groups, decisions once for all, lists, masks, reveals, the page."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.conftest import Command
from tests.make import example, standing, stored
from tests.test_pages import fine, html_of, metrics, words
from tests.values_project import (
    HOSTILE,
    MAIL,
    NAME,
    PHONE,
    PUBLIC,
    values_project,
    with_findings,
)
from workbench.content import content_path
from workbench.decisions import decide, undo
from workbench.detection_words import looked_with
from workbench.errors import InputError, NotFoundError
from workbench.finding_filter import FindingFilter, parse_filter
from workbench.finding_queries import count_findings, listed
from workbench.findings import about, findings_folder, read_findings, write_findings
from workbench.leak_audit.results import Audit, save_audit
from workbench.projects import Project
from workbench.publishing import publish
from workbench.reveals import read_reveals, reveal
from workbench.scrubbing.fields import fields_of
from workbench.value_groups import ValueGroup, count_groups, decide_values, group_of, groups, kinds
from workbench.value_keys import ValueKey, value_key
from workbench.value_list_files import import_values
from workbench.value_lists import (
    ValueLists,
    Wanted,
    add_values,
    allow_hash,
    lists_path,
    load_lists,
    remove_entry,
)
from workbench.value_masks import HIDDEN, masked
from workbench.value_snippets import masked_values, snippets
from workbench.value_texts import context, value_at
from workbench.versions import Dataset, open_dataset

Open = Callable[..., AppTest]
RAW = (MAIL, PHONE, NAME, PUBLIC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "values"
    values_project(root)
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(made, tmp_path / "p")))


@pytest.fixture
def dataset(project: Project) -> Dataset:
    return open_dataset(project, "chats")


@pytest.fixture
def key(project: Project) -> ValueKey:
    return value_key(project)


@pytest.fixture(autouse=True)
def not_a_fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest makes every run the first of a server, which looks for a folder ``pages``."""
    begun = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **named: object) -> None:
        begun(self, *arguments, **named)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    def go(project: Project, page: str) -> AppTest:
        monkeypatch.setenv("WORKBENCH_PROJECT", str(project.root))
        app = AppTest.from_file(str(content_path("app.py")), default_timeout=60).run()
        return app.switch_page(f"pages/{page}.py").run()

    return go


def grouped(
    project: Project, dataset: Dataset, chosen: FindingFilter | None = None, **how: object
) -> list[ValueGroup]:
    with listed(project, dataset) as connection:
        return groups(connection, chosen or FindingFilter(), **how)  # type: ignore[arg-type]


def texts(dataset: Dataset) -> str:
    return "\n".join(entry["content"] for row in dataset.examples() for entry in row["messages"])


def files_of(project: Project) -> bytes:
    """Every byte of a project but its rows, which hold the values until they are scrubbed."""
    own = (path for path in project.root.rglob("*") if path.is_file() and "datasets" not in path.parts)
    return b"\n".join(path.name.encode() + path.read_bytes() for path in own)


# Groups


def test_findings_of_one_value_are_one_group(project: Project, dataset: Dataset, key: ValueKey) -> None:
    found = {group.entity + group.kinds[0]: group for group in grouped(project, dataset)}
    mail = found["EMAIL_ADDRESSpersonal_data"]
    assert (mail.findings, mail.rows, mail.places) == (12, 12, 12)
    assert mail.value == key.name_of("EMAIL_ADDRESS", MAIL)
    name = found["PERSONpersonal_data"]
    assert (name.findings, name.places, name.min_score) == (6, 12, 0.45)
    assert len(found) == 4


def test_the_least_sure_value_comes_first_and_most_rows_on_demand(project: Project, dataset: Dataset) -> None:
    assert [group.min_score for group in grouped(project, dataset)] == [0.45, 0.6, 0.9, 1.0]
    assert [group.rows for group in grouped(project, dataset, order="most-rows")] == [12, 6, 3, 1]
    with pytest.raises(InputError, match="no order"):
        grouped(project, dataset, order="random")


def test_groups_are_paged_and_counted(project: Project, dataset: Dataset) -> None:
    whole = grouped(project, dataset)
    assert grouped(project, dataset, limit=2, offset=1) == whole[1:3]
    with listed(project, dataset) as connection:
        assert count_groups(connection, FindingFilter()) == 4
        assert count_groups(connection, FindingFilter(entity=("PERSON",))) == 2


def test_kinds_count_values_and_findings(project: Project, dataset: Dataset) -> None:
    with listed(project, dataset) as connection:
        found = {
            (one.kind, one.entity): (one.values, one.findings) for one in kinds(connection, FindingFilter())
        }
    assert found == {
        ("personal_data", "EMAIL_ADDRESS"): (1, 12),
        ("personal_data", "PERSON"): (1, 6),
        ("personal_data", "PHONE_NUMBER"): (1, 3),
        ("public_figure", "PERSON"): (1, 1),
    }


def test_a_value_is_found_by_the_beginning_of_its_hash(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    name = key.name_of("PERSON", NAME)
    with listed(project, dataset) as connection:
        assert group_of(connection, name[:10]).value == name
        with pytest.raises(NotFoundError):
            group_of(connection, "zz")
        with pytest.raises(NotFoundError):
            group_of(connection, "")
        with pytest.raises(NotFoundError):
            group_of(connection, name, "EMAIL_ADDRESS")


def test_findings_without_a_value_are_in_no_group(project: Project) -> None:
    dataset = stored(project, "plain", [example("hello", "there")])
    with_findings(project, dataset, [])
    assert grouped(project, dataset) == []


def test_the_filter_knows_values_and_entities_in_words(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    name = key.name_of("PERSON", NAME)
    chosen = FindingFilter(value=(name,), entity=("PERSON",))
    assert parse_filter(chosen.words()) == chosen
    assert chosen.words() == f"value={name} entity=PERSON"
    with listed(project, dataset) as connection:
        assert count_findings(connection, chosen) == 6
        assert count_findings(connection, FindingFilter(value=(name,), entity=("LOCATION",))) == 0


# Decisions


def test_one_decision_about_a_value_reaches_every_row_and_is_undone_whole(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    chosen = FindingFilter(value=(key.name_of("PERSON", NAME),), entity=("PERSON",))
    done = decide_values(project, dataset, chosen, "reject", who="rita", why="a pen name")
    assert done.count == 6
    assert set(standing(project).values()) == {("reject", "rita")}
    assert {group.overruled for group in grouped(project, dataset, chosen)} == {6}
    undo(project, done.id, dataset=dataset.ref)
    assert standing(project) == {}


def test_a_decision_about_an_entity_leaves_what_a_person_has_judged(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    kept = grouped(project, dataset, FindingFilter(value=(key.name_of("PERSON", NAME),)))[0].finding
    decide(project, [kept], "reject", dataset=dataset.ref)
    done = decide_values(
        project, dataset, FindingFilter(entity=("PERSON",), kind=("personal_data",)), "accept"
    )
    assert done.count == 5
    assert standing(project)[kept][0] == "reject"


def test_a_decision_from_a_score_up_leaves_lower_ones(project: Project, dataset: Dataset) -> None:
    assert decide_values(project, dataset, FindingFilter(min_score=0.6), "accept").count == 16
    assert {group.min_score for group in grouped(project, dataset) if group.waiting} == {0.45}


def test_a_decision_about_nothing_or_everything_is_refused(project: Project, dataset: Dataset) -> None:
    with pytest.raises(InputError, match="every value"):
        decide_values(project, dataset, FindingFilter(), "accept")
    with pytest.raises(NotFoundError):
        decide_values(project, dataset, FindingFilter(entity=("US_SSN",)), "accept")
    assert standing(project) == {}


def test_a_flagged_value_is_scrubbed_only_when_a_person_accepts_it(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    untouched = publish(project, dataset)
    assert PUBLIC in texts(open_dataset(project, untouched.dataset))
    chosen = FindingFilter(value=(key.name_of("PERSON", PUBLIC),), entity=("PERSON",))
    decide_values(project, dataset, chosen, "accept")
    scrubbed = publish(project, dataset)
    assert PUBLIC not in texts(open_dataset(project, scrubbed.dataset))
    assert scrubbed.edited["personal_data.public_figure"] == 1


def test_a_value_that_is_left_everywhere_stays_in_every_row(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    chosen = FindingFilter(value=(key.name_of("EMAIL_ADDRESS", MAIL),), entity=("EMAIL_ADDRESS",))
    decide_values(project, dataset, chosen, "reject")
    written = texts(open_dataset(project, publish(project, dataset).dataset))
    assert written.count(MAIL) == 12
    assert NAME not in written


# Masks


@pytest.mark.parametrize(
    ("value", "entity", "form"),
    [
        (MAIL, "EMAIL_ADDRESS", "a•••@e•••.com"),
        ("root@localhost", "EMAIL_ADDRESS", "r•••@l•••"),
        (NAME, "PERSON", "A••• B•••"),
        (PHONE, "PHONE_NUMBER", "••• 18"),
        ("4012", "PHONE_NUMBER", "•••"),
        ("192.0.2.7", "IP_ADDRESS", "192.•••"),
        ("https://example.com/ana", "URL", "https://•••"),
        ("gh" + "p_" + 20 * "x", "GITHUB_TOKEN", "ghp_•••"),
        ("hunter2", "ASSIGNED_SECRET", "•••"),
        ("TCK-4711", "TICKET_NUMBER", "•••"),
    ],
)
def test_a_masked_value_shows_its_shape(value: str, entity: str, form: str) -> None:
    assert masked(value, entity) == form


@given(
    st.text(min_size=12, max_size=80),
    st.sampled_from(["EMAIL_ADDRESS", "PERSON", "US_SSN", "URL", "JWT", "IP_ADDRESS", "X"]),
)
def test_a_mask_never_holds_a_long_piece_of_the_value(value: str, entity: str) -> None:
    form = masked(value, entity)
    pieces = [piece for piece in form.replace("https://", "").split(HIDDEN) if len(piece.strip()) > 15]
    assert pieces == []
    assert form.isprintable()


def test_the_shortened_form_of_a_value_is_read_from_its_row(project: Project, dataset: Dataset) -> None:
    with listed(project, dataset) as connection:
        found = groups(connection, FindingFilter())
        assert masked_values(connection, found) == ["A••• B•••", "••• 18", "A••• L•••", "a•••@e•••.com"]


# Snippets and reveals


def test_a_snippet_masks_the_value_and_its_neighbours(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    with listed(project, dataset) as connection:
        group = group_of(connection, key.name_of("PERSON", NAME))
        (one, *_) = snippets(project, dataset, connection, group, limit=2)
        assert not any(raw in one.text() + one.html() for raw in RAW)
        assert "I am ▒▒▒" in one.text()
        assert "&lt;script&gt;" in one.html()
        assert read_reveals(project) == []


def test_a_revealed_snippet_shows_that_value_alone_and_is_recorded(
    project: Project, dataset: Dataset, key: ValueKey
) -> None:
    with listed(project, dataset) as connection:
        group = group_of(connection, key.name_of("PERSON", NAME))
        (one,) = snippets(project, dataset, connection, group, limit=1, show=True, who="rita", why="unsure")
    assert NAME in one.text()
    assert NAME in one.html()
    assert MAIL not in one.text() + one.html()
    (line,) = read_reveals(project)
    assert (line.who, line.why, line.finding, line.value) == ("rita", "unsure", one.finding, group.value)


def test_a_value_in_the_arguments_of_a_tool_call_is_read_where_it_stands(project: Project) -> None:
    row = example("Please book it.", "Done.")
    arguments = json.dumps({"guest": {"name": NAME, "room": 12}})
    row["messages"][1]["tool_calls"] = json.dumps([{"function": {"name": "book", "arguments": arguments}}])
    field = next(field for field in fields_of(row) if field.value == NAME)
    span = field.coordinates(4, 8)
    assert value_at(row, span) == "Berg"
    around = context(row, span)
    assert around is not None
    assert around.text == NAME
    assert value_at(row, span | {"path": ["nowhere"]}) is None
    assert value_at(row, span | {"end": 99}) is None


def test_a_reveal_gives_each_value_once_and_its_log_never_holds_it(
    project: Project, dataset: Dataset
) -> None:
    found = [finding for finding in read_findings(project, dataset) if finding.evidence["entity"] == "PERSON"]
    shown = reveal(project, dataset, [finding.id for finding in found], who="rita")
    assert set(shown.values()) == {(NAME,), (PUBLIC,)}
    assert len(read_reveals(project)) == len(found)
    assert not any(raw.encode() in files_of(project) for raw in RAW)


def test_a_finding_that_hides_nothing_cannot_be_revealed(project: Project, dataset: Dataset) -> None:
    with pytest.raises(NotFoundError, match="hide no value"):
        reveal(project, dataset, ["0" * 16])
    assert read_reveals(project) == []


def test_a_damaged_line_of_reveals_is_told_and_a_torn_one_left_out(
    project: Project, dataset: Dataset
) -> None:
    finding = next(iter(read_findings(project, dataset)))
    reveal(project, dataset, [finding.id])
    log = project.folder("reveals.jsonl")
    log.write_text(log.read_text() + '{"finding": "a', encoding="utf-8")
    assert len(read_reveals(project)) == 1
    log.write_text(log.read_text() + '"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 2 is damaged"):
        read_reveals(project)


# Lists


def test_an_allowed_value_is_known_by_its_hash_whatever_its_writing(project: Project, key: ValueKey) -> None:
    add_values(
        project, [Wanted(list="allow", value="+44 20 7946 0018", entity="PHONE_NUMBER", reason="our desk")]
    )
    lists = load_lists(project)
    assert lists.allowed("PHONE_NUMBER", key.name_of("PHONE_NUMBER", "+44(20)7946-0018")) == "our desk"
    assert lists.allowed("PERSON", key.name_of("PERSON", "+442079460018")) is None
    assert lists.allows("PHONE_NUMBER", "+44 2079460018", key) == "our desk"
    assert lists.allows("PHONE_NUMBER", "+44 20 7946 0019", key) is None


def test_a_value_may_be_allowed_for_every_entity(project: Project, key: ValueKey) -> None:
    add_values(project, [Wanted(list="allow", value="Acme")])
    lists = load_lists(project)
    assert lists.allows("PERSON", "ACME", key) == "allowed"
    assert lists.allows("ORGANIZATION", "acme", key) == "allowed"
    assert lists.allows("PERSON", "acme inc", key) is None


def test_a_pattern_allows_what_it_fits_in_full(project: Project, key: ValueKey) -> None:
    wanted = Wanted(
        list="allow", pattern=r"[a-z]+-desk@example\.(com|org)", entity="EMAIL_ADDRESS", reason="desks"
    )
    add_values(project, [wanted])
    lists = load_lists(project)
    assert lists.allows("EMAIL_ADDRESS", "help-desk@EXAMPLE.com", key) == "desks"
    assert lists.allows("EMAIL_ADDRESS", "help-desk@example.com.evil.example", key) is None
    assert lists.allows("PERSON", "help-desk@example.com", key) is None


def test_a_pattern_that_takes_too_long_allows_nothing(project: Project, key: ValueKey) -> None:
    add_values(project, [Wanted(list="allow", pattern=r"(?:(?:x+x+)+)+y")])
    assert load_lists(project).allows("X", "x" * 5000, key) is None


@pytest.mark.parametrize("pattern", [MAIL, r"ana\.berg@example\.com", "Ana Berg", "4111 1111 1111 1111"])
def test_a_pattern_that_is_a_value_itself_is_refused(project: Project, pattern: str) -> None:
    with pytest.raises(InputError, match="is a value itself") as error:
        add_values(project, [Wanted(list="allow", pattern=pattern)])
    assert pattern not in str(error.value)
    assert not lists_path(project).exists()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(list="allow", pattern="("), "cannot be read"),
        (Wanted(list="deny", pattern="a+"), "cannot be denied"),
        (Wanted(list="allow"), "a value or a pattern"),
        (Wanted(list="allow", value="x", pattern="y+"), "a value or a pattern"),
        (Wanted(list="deny", value="..."), "1 to 12 words"),
        (Wanted(list="deny", value="a " * 13), "1 to 12 words"),
        (Wanted(list="allow", value="x", entity="person"), "name in capitals"),
        (Wanted(list="allow", value="Ana Berg", reason="it is ana berg's"), "reason holds the value"),
    ],
)
def test_what_fits_on_no_list_is_refused(project: Project, wanted: Wanted, told: str) -> None:
    with pytest.raises(InputError, match=told):
        add_values(project, [wanted])


def test_a_denied_value_is_found_in_every_writing(project: Project, key: ValueKey) -> None:
    add_values(project, [Wanted(list="deny", value="Ana Bérg", entity="PERSON")])
    lists = load_lists(project)
    text = "ANA-BE\u0301RG's ana\nbérg, An\u00ada_Bérg; Ana Berger, Joana Bérg"
    found = lists.denied(text, key)
    assert [text[span.start : span.end] for span in found] == [
        "ANA-BE\u0301RG",
        "ana\nbérg",
        "An\u00ada_Bérg",
    ]
    assert {(span.entity, span.score, span.recognizer) for span in found} == {("PERSON", 1.0, "deny list")}


def test_the_longest_denied_value_counts(project: Project, key: ValueKey) -> None:
    add_values(
        project,
        [Wanted(list="deny", value="Blue", entity="A1"), Wanted(list="deny", value="Blue Bird", entity="B1")],
    )
    found = load_lists(project).denied("blue bird, blue", key)
    assert [(span.entity, span.start, span.end) for span in found] == [("B1", 0, 9), ("A1", 11, 15)]


def test_a_denied_value_without_spaces_between_words_is_found(project: Project, key: ValueKey) -> None:
    add_values(project, [Wanted(list="deny", value="田中太郎", entity="PERSON")])
    (span,) = load_lists(project).denied("私は田中太郎です", key)
    assert (span.start, span.end) == (2, 6)


@given(
    st.lists(st.sampled_from(["ana", "berg", "Bo", "x1"]), min_size=1, max_size=4),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_denied_value_is_found_wherever_it_stands(words: list[str], before: str, after: str) -> None:
    key, value = ValueKey(b"k" * 32), " ".join(words)
    from workbench.value_words import run_hash, words_of

    run = words_of(value, key)
    from workbench.value_lists import Entry

    entry = Entry(
        id="list-1",
        list="deny",
        hash=run_hash(key, [w.plain for w in run]),
        words=len(run),
        first=run[0].first,
        who="a",
        when="b",
    )
    text = f"{before} | {value} | {after}"
    found = ValueLists((entry,)).denied(text, key)
    start = len(before) + 3
    assert any(span.start <= start + len(value) - 1 and span.end > start for span in found)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert all(one.end <= two.start for one, two in zip(found, found[1:], strict=False))


def test_no_list_holds_a_value(project: Project) -> None:
    add_values(
        project,
        [Wanted(list="allow", value=MAIL), Wanted(list="deny", value=NAME), Wanted(list="deny", value=PHONE)],
    )
    assert len(load_lists(project).entries) == 3
    assert not any(raw.encode() in files_of(project) for raw in RAW)
    assert "berg" not in lists_path(project).read_text(encoding="utf-8").casefold()


def test_the_same_value_is_listed_once(project: Project) -> None:
    assert (
        len(add_values(project, [Wanted(list="allow", value=MAIL), Wanted(list="allow", value=MAIL.upper())]))
        == 1
    )
    assert add_values(project, [Wanted(list="allow", value=MAIL)]) == []


def test_an_entry_is_taken_off_by_its_id_and_the_fingerprint_follows(project: Project, key: ValueKey) -> None:
    empty = load_lists(project).fingerprint()
    (entry,) = add_values(project, [Wanted(list="deny", value=NAME)])
    full = load_lists(project).fingerprint()
    remove_entry(project, entry.id, who="rita")
    assert load_lists(project).denied(NAME, key) == []
    assert load_lists(project).fingerprint() == empty != full
    with pytest.raises(NotFoundError):
        remove_entry(project, entry.id)


def test_the_lists_go_to_other_processes(project: Project, key: ValueKey) -> None:
    add_values(project, [Wanted(list="deny", value=NAME), Wanted(list="allow", value=MAIL)])
    lists = load_lists(project)
    lists.denied(NAME, key)
    sent = pickle.loads(pickle.dumps(lists))
    assert sent.denied(f"so {NAME} said", key) == lists.denied(f"so {NAME} said", key) != []


def test_a_value_is_allowed_by_the_hash_of_its_finding(project: Project, key: ValueKey) -> None:
    name = key.name_of("PERSON", NAME)
    identity = allow_hash(project, "PERSON", name, "a pen name")
    assert allow_hash(project, "PERSON", name, "again") == identity
    assert load_lists(project).allows("PERSON", "ana berg", key) == "a pen name"
    with pytest.raises(InputError):
        allow_hash(project, "PERSON", NAME, "")


def test_a_text_file_is_imported_a_value_a_line(project: Project, tmp_path: Path, key: ValueKey) -> None:
    file = tmp_path / "names.txt"
    file.write_text(f"# names\n{NAME}\n\nBo Lind\n", encoding="utf-8")
    assert import_values(project, file, "deny", entity="PERSON", reason="staff") == 2
    assert len(load_lists(project).denied(f"{NAME} and bo lind", key)) == 2
    assert import_values(project, file, "deny", entity="PERSON") == 0


def test_a_csv_is_imported_with_entities_and_reasons(project: Project, tmp_path: Path, key: ValueKey) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        f'value,entity,reason\n"{MAIL}",EMAIL_ADDRESS,"our own, public"\n"{NAME}",,\n', encoding="utf-8"
    )
    assert import_values(project, file, "allow", reason="known") == 2
    lists = load_lists(project)
    assert lists.allows("EMAIL_ADDRESS", MAIL, key) == "our own, public"
    assert lists.allows("PERSON", NAME, key) == "known"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "name\nAna\n", "has no column"),
        ("a.csv", "value,secret\nAna,1\n", "columns too many"),
        ("a.csv", "value,reason\nAna Berg,x,y\n", "line 2"),
        ("a.csv", "value,entity\nAna Berg,PERSON\nBo,person\n", "line 3"),
        ("a.txt", "\n\n", "holds no value"),
        ("a.txt", "Ana Berg\n" + "x" * 1001, "line 2"),
    ],
)
def test_a_wrong_file_is_refused_whole_and_not_quoted(
    project: Project, tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told) as error:
        import_values(project, tmp_path / name, "deny")
    assert "Ana" not in str(error.value)
    assert load_lists(project).entries == ()


def test_a_damaged_line_of_the_lists_is_never_passed_over(project: Project) -> None:
    add_values(project, [Wanted(list="deny", value=NAME)])
    path = lists_path(project)
    path.write_text('{"id": "x"}\n' + path.read_text(), encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is damaged") as error:
        load_lists(project)
    assert error.value.__cause__ is None


# The command line


def test_values_are_listed_masked_on_the_command_line(here: Command) -> None:
    answer = here("values", "list", "chats", "--json")
    assert (answer.data["values"][0]["masked"], answer.data["values"][0]["findings"]) == ("A••• B•••", 6)
    assert answer.data["count"] == 4
    text = here("values", "list", "chats", "--entity", "PERSON", "--order", "most-rows").stdout
    assert "2 of 2 values" in text
    assert not any(raw in answer.stdout + text for raw in RAW)
    assert here("values", "kinds", "chats", "--json").data["kinds"][0]["entity"] == "EMAIL_ADDRESS"


def test_show_reveals_only_when_asked_and_leaves_a_line(here: Command, key: ValueKey) -> None:
    name = key.name_of("EMAIL_ADDRESS", MAIL)
    assert MAIL not in here("values", "show", "chats", name[:8]).stdout
    assert here("values", "reveals", "--json").data["count"] == 0
    assert (
        MAIL in here("values", "show", "chats", name[:8], "--reveal", "--limit", 2, "--why", "doubt").stdout
    )
    (one, two) = here("values", "reveals", "--json").data["reveals"]
    assert one["why"] == two["why"] == "doubt"


def test_accept_and_reject_a_value_on_the_command_line(
    here: Command, project: Project, key: ValueKey
) -> None:
    name = key.name_of("PERSON", NAME)
    answer = here("values", "reject", "chats", name, "--always", "--why", "a pen name", "--json").data
    assert answer["count"] == 6
    assert load_lists(project).allowed("PERSON", name) == "a pen name"
    assert here("review", "chats", "--undo", answer["id"]).returncode == 0
    assert standing(project) == {}
    assert (
        here("values", "accept", "chats", "--entity", "PERSON", "--min-score", 0.8, "--json").data["count"]
        == 1
    )
    assert here("values", "accept", "chats").returncode == 2
    assert here("values", "reject", "chats", "--entity", "PERSON", "--always").returncode == 2


def test_the_lists_are_kept_on_the_command_line(here: Command, tmp_path: Path) -> None:
    answer = here("values", "deny", "add", NAME, "--entity", "PERSON", "--reason", "a client", "--json")
    assert NAME not in answer.stdout
    identity = answer.data["added"][0]["id"]
    assert identity in here("values", "deny", "list").stdout
    assert here("values", "allow", "remove", identity).returncode == 2
    assert here("values", "deny", "remove", identity).returncode == 0
    assert here("values", "deny", "list", "--json").data == {"entries": []}
    file = tmp_path / "allow.txt"
    file.write_text("Acme\n", encoding="utf-8")
    assert here("values", "allow", "import", file, "--json").data == {"added": 1}
    assert here("values", "allow", "add", "a+", "--pattern", "--json").data["added"][0]["pattern"] == "a+"


def test_a_value_is_read_from_the_input(
    here: Command, monkeypatch: pytest.MonkeyPatch, project: Project, key: ValueKey
) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO(NAME + "\n"))
    assert here("values", "deny", "add", "-").returncode == 0
    assert len(load_lists(project).denied(NAME, key)) == 1


# The page


def test_the_page_opens_on_the_least_sure_value_masked(project: Project, open_page: Open) -> None:
    app = fine(open_page(project, "personal_data"))
    assert metrics(app)["Values"] == "4"
    assert metrics(app)["Findings"] == "22"
    shown = words(app) + html_of(app)
    assert "A••• B•••" in shown
    assert not any(raw in shown for raw in RAW)
    assert HOSTILE not in shown


def test_a_value_is_shown_on_the_page_once_asked_and_recorded_once(project: Project, open_page: Open) -> None:
    app = open_page(project, "personal_data")
    fine(app.toggle[0].set_value(True).run())
    assert NAME in html_of(app)
    assert MAIL not in html_of(app)
    seen = len(read_reveals(project))
    assert seen == 5
    fine(app.text_input(key="values_who").set_value("rita").run())
    assert len(read_reveals(project)) == seen


def test_the_page_decides_about_a_value_everywhere_and_takes_it_back(
    project: Project, open_page: Open
) -> None:
    app = open_page(project, "personal_data")
    fine(app.button(key="values_reject").click().run())
    assert {action for action, _ in standing(project).values()} == {"reject"}
    assert len(standing(project)) == 6
    assert metrics(app)["Overruled"] == "6"
    (taken_back,) = [button for button in app.button if str(button.key).startswith("values_undo_")]
    fine(taken_back.click().run())
    assert standing(project) == {}


def test_leaving_a_value_for_always_allows_it(project: Project, open_page: Open, key: ValueKey) -> None:
    app = open_page(project, "personal_data")
    fine(app.button(key="values_reject_always").click().run())
    assert load_lists(project).allowed("PERSON", key.name_of("PERSON", NAME)) == "allowed"


def test_the_page_decides_about_all_of_an_entity(project: Project, open_page: Open) -> None:
    app = open_page(project, "personal_data")
    app.selectbox(key="values_entity").set_value("EMAIL_ADDRESS").run()
    app.checkbox(key="values_bulk_sure").set_value(True).run()
    fine(app.button(key="values_bulk_go").click().run())
    assert len(standing(project)) == 12


def test_the_page_keeps_the_lists(project: Project, open_page: Open, key: ValueKey) -> None:
    app = open_page(project, "personal_data")
    app.segmented_control(key="personal_view").set_value("lists").run()
    app.radio(key="list_kind").set_value("deny")
    app.text_input(key="list_value").set_value(NAME)
    app.text_input(key="list_entity").set_value("PERSON")
    fine(app.button(key="list_add").click().run())
    assert len(load_lists(project).denied(NAME, key)) == 1
    assert NAME not in words(app)
    fine(app.button(key="list_remove").click().run())
    assert load_lists(project).entries == ()


@pytest.mark.parametrize("view", ["lists", "check", "audit", "looks"])
def test_every_view_of_the_page_opens_empty(project: Project, open_page: Open, view: str) -> None:
    app = open_page(project, "personal_data")
    fine(app.segmented_control(key="personal_view").set_value(view).run())
    assert any(code.value.startswith("workbench ") for code in app.code)


def test_the_page_shows_the_last_audit(project: Project, dataset: Dataset, open_page: Open) -> None:
    none: dict[str, Any] = {"total": 0, "values": 0, "locations": []}
    leak = {"total": 1, "values": 1, "locations": [{"place": "rows", "entity": "PERSON", "value": "ab" * 8}]}
    reasons = ["1 value is still there"]
    found = Audit(dataset.ref, dataset.content_hash, "leaks", reasons, {}, leak, none, {}, {}, [])
    save_audit(project, dataset, found)
    app = open_page(project, "personal_data")
    app.segmented_control(key="personal_view").set_value("audit").run()
    assert metrics(app)["Leaks"] == "1"
    assert "1 value is still there" in app.error[0].value


def test_review_records_who_looked_behind_a_mask(project: Project, open_page: Open) -> None:
    app = open_page(project, "review")
    assert read_reveals(project) == []
    fine(app.toggle[0].set_value(True).run())
    seen = len(read_reveals(project))
    assert seen > 0
    fine(app.text_input(key="decide_who").set_value("rita").run())
    assert len(read_reveals(project)) == seen


def test_the_page_says_what_looked_and_what_it_misses(
    project: Project, dataset: Dataset, open_page: Open
) -> None:
    summary = findings_folder(project, dataset) / "propose.json"
    recipe = json.loads(summary.read_text(encoding="utf-8"))
    recipe["recipe"]["steps"] = [
        {"personal_data": {"countries": ["us", "de"], "names": {"preset": "strict"}}},
        {"secrets": {}},
    ]
    summary.write_text(json.dumps(recipe), encoding="utf-8")
    write_findings(summary.with_name("secrets.parquet"), [], "by hand")
    told = "\n".join(looked_with(project, dataset))
    assert "US, DE" in told
    assert "embedded recognizer, strict" in told
    assert "English only" in told
    assert "Secrets" in told
    assert "embedded recognizer" in words(fine(open_page(project, "personal_data")))


def test_a_recipe_without_names_says_that_none_were_looked_for(project: Project, dataset: Dataset) -> None:
    assert "Names and places were not looked for." in looked_with(project, dataset)


def test_a_text_that_was_not_scanned_is_told(project: Project, dataset: Dataset, open_page: Open) -> None:
    row = next(dataset.examples())
    found = [
        *read_findings(project, dataset),
        about(row, "personal_data", "not_scanned", 1.0, "flag", reason="time"),
    ]
    write_findings(findings_folder(project, dataset) / "personal_data.parquet", found, "by hand")
    app = fine(open_page(project, "personal_data"))
    assert "1 rows hold a text that was not scanned" in app.warning[0].value


def test_a_project_without_findings_says_so(tmp_path: Path, open_page: Open) -> None:
    from workbench.projects import init_project

    app = fine(open_page(init_project(tmp_path / "empty"), "personal_data"))
    assert "Nobody has looked for personal data yet" in words(app)
