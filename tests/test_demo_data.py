"""The demo data: deterministic, and every planted fault is really there."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.demo import data, planting, reference, sensitive
from workbench.demo.desk_phrases import CLOSING_QUESTION
from workbench.demo.items import write_tasks
from workbench.demo.likeness import LIMIT, RUN, char_shingles, jaccard, word_shingles

pytestmark = pytest.mark.slow

CHATS = "support_chats.jsonl"
PAIRS = "support_preferences.jsonl"
PLANTED = {
    "exact_verbatim": 50, "exact_normalised": 30, "near_duplicate": 80, "malformed": 5,
    "personal_data": 66, "secret": 20, "quality_fault": 25, "leaked_item": 12, "missing": 105,
    "preference_duplicate": 10, "preference_identical": 8, "preference_conflict": 6,
    "preference_personal_data": 13,
}  # fmt: skip
PATTERNS = {
    "EMAIL_ADDRESS": r"[\w.-]+@[\w.]+\w",
    "PHONE_NUMBER": r"[+(\d][\d() -]{9,}\d",
    "CREDIT_CARD": r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}",
    "IBAN_CODE": r"[A-Z]{2}\d\d(?: ?[A-Z0-9]{2,4})+",
    "US_SSN": r"\d{3}-\d{2}-\d{4}",
    "IP_ADDRESS": r"\d+\.\d+\.\d+\.\d+|2001:db8::[0-9a-f:]+",
    "AWS_ACCESS_KEY": r"AKIA[A-Z2-7]{16}",
    "GITHUB_TOKEN": r"ghp_\w{36}",
    "SLACK_TOKEN": r"xoxb-\d{12}-\d{12}-\w{24}",
    "PRIVATE_KEY": r"(?s)-----BEGIN [A-Z ]+-----.*-----END [A-Z ]+-----",
    "PASSWORD_URL": r"\w+://\w+:\w+@[\w./]+",
    "JWT": r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
}

Truth = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    data.write_demo_data(place)
    return place


@pytest.fixture(scope="module")
def planted(folder: Path) -> Truth:
    found: Truth = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    return found


def lines(folder: Path, name: str = CHATS) -> list[str]:
    return (folder / name).read_text(encoding="utf-8").split("\n")[:-1]


def good_rows(folder: Path, planted: Truth) -> dict[int, dict[str, Any]]:
    bad = {truth["line"] for truth in planted["malformed"]}
    return {n: json.loads(text) for n, text in enumerate(lines(folder), 1) if n not in bad}


def user_text(row: dict[str, Any]) -> str:
    return str(next(m["content"] for m in row["messages"] if m["role"] == "user"))


def normalised(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(m["role"], " ".join(m["content"].casefold().split())) for m in row["messages"]]


def touched_lines(planted: Truth) -> set[int]:
    """Return the chat lines in which something is planted."""
    kinds = [truths for kind, truths in planted.items() if kind not in {"gaps", "counts"}]
    return {truth["line"] for truths in kinds for truth in truths if truth["file"] == CHATS}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    data.write_demo_data(tmp_path, seed=0)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_another_seed_gives_other_rows_with_the_same_counts(folder: Path, tmp_path: Path) -> None:
    counts: Any = data.write_demo_data(tmp_path, seed=1)
    assert lines(tmp_path) != lines(folder)
    assert counts["planted"] == PLANTED


def test_the_counts_are_those_of_the_files(folder: Path, planted: Truth) -> None:
    counts: Any = planted["counts"]
    assert counts["lines"] == {CHATS: 2000, PAIRS: 400, "reference.jsonl": 300}
    for name, count in counts["lines"].items():
        assert len(lines(folder, name)) == count
    assert counts["planted"] == PLANTED
    for kind, count in counts["planted"].items():
        assert len(planted[kind]) == count


def test_the_topics_are_skewed_and_warranty_is_missing(folder: Path, planted: Truth) -> None:
    topics = Counter(row["label"] for row in good_rows(folder, planted).values())
    assert 0.37 < topics["delivery"] / topics.total() < 0.43
    assert all(0.02 < topics[name] / topics.total() < 0.075 for name in ("cancel", "discount"))
    assert topics["warranty"] == 2


def test_untouched_answers_have_the_house_style(folder: Path, planted: Truth) -> None:
    touched = touched_lines(planted)
    for number, row in good_rows(folder, planted).items():
        if number in touched:
            continue
        asked = [m["content"] for m in row["messages"] if m["role"] == "user"]
        replies = [m["content"] for m in row["messages"] if m["role"] == "assistant"]
        assert len(asked) == len(replies)
        assert all(8 <= len(text.split()) <= 40 for text in asked)
        told = re.search(r"\b\d{4,5}\b", asked[0])
        for reply in replies:
            assert reply.startswith(f"Topic: {row['label']}\n")
            assert re.search(CLOSING_QUESTION + r"[^?]*\?$", reply)
            assert told is None or told[0] in reply


def test_exact_duplicates_equal_their_earlier_originals(folder: Path, planted: Truth) -> None:
    text = lines(folder)
    for kind in ("exact_verbatim", "exact_normalised"):
        for truth in planted[kind]:
            copy, original = text[truth["line"] - 1], text[truth["of"] - 1]
            assert truth["of"] < truth["line"]
            assert (copy == original) == (kind == "exact_verbatim")
            assert normalised(json.loads(copy)) == normalised(json.loads(original))


def test_near_duplicates_are_near_but_not_exact(folder: Path, planted: Truth) -> None:
    rows = good_rows(folder, planted)
    for truth in planted["near_duplicate"]:
        copy, original = rows[truth["line"]], rows[truth["of"]]
        assert truth["of"] < truth["line"]
        assert normalised(copy) != normalised(original)
        for cut in (word_shingles, char_shingles):
            assert jaccard(cut(user_text(copy)), cut(user_text(original))) >= planting.NEAR
            whole = [cut(planting.joined(row["messages"])) for row in (copy, original)]
            assert jaccard(*whole) >= planting.NEAR


@pytest.mark.parametrize("cut_with", [word_shingles, char_shingles])
def test_no_other_rows_are_nearly_alike(
    folder: Path, planted: Truth, cut_with: Callable[[str], frozenset[str]]
) -> None:
    kinds = ("exact_verbatim", "exact_normalised", "near_duplicate", "quality_fault")
    copies = {truth["line"] for kind in kinds for truth in planted[kind]}
    rows = good_rows(folder, planted)
    cut = [cut_with(planting.joined(r["messages"])) for n, r in rows.items() if n not in copies]
    frequency = Counter(one for shingles in cut for one in shingles)
    holders: dict[str, list[int]] = {}
    for number, shingles in enumerate(cut):
        # Two sets as alike as 0.8 share one of the rarest fifth of either (prefix filter).
        rarest = sorted(shingles, key=lambda one: (frequency[one], one))[: len(shingles) // 5 + 1]
        for other in {other for one in rarest for other in holders.get(one, ())}:
            assert jaccard(shingles, cut[other]) < planting.NEAR
        for one in rarest:
            holders.setdefault(one, []).append(number)


@pytest.mark.parametrize("kind", ["personal_data", "secret", "preference_personal_data"])
def test_planted_values_stand_in_the_named_message(folder: Path, planted: Truth, kind: str) -> None:
    for truth in planted[kind]:
        row = json.loads(lines(folder, truth["file"])[truth["line"] - 1])
        part = truth.get("part", "messages")
        messages = row["prompt"] if part == "messages" and "prompt" in row else row[part]
        content = messages[truth["message"]]["content"]
        found = [m[0] for m in re.finditer(PATTERNS[truth["entity"]], content)]
        digests = [hashlib.sha256(value.encode()).hexdigest() for value in found]
        assert truth["value_sha256"] in digests, truth
        if truth["entity"] == "CREDIT_CARD":
            digits = re.sub(r"\D", "", found[0])
            assert sensitive.luhn_digit(digits[:-1]) == digits[-1]
        if truth["entity"] == "IBAN_CODE":
            plain = found[0].replace(" ", "")
            assert int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def test_check_digits_agree_with_published_numbers() -> None:
    assert sensitive.luhn_digit("411111111111111") == "1"
    assert sensitive.luhn_digit("424242424242424") == "2"
    assert sensitive.iban_check("GB", "WEST12345698765432") == "82"


def test_planted_values_are_not_in_the_truth_file(folder: Path) -> None:
    text = (folder / "planted.json").read_text(encoding="utf-8")
    assert "@" not in text
    assert "FAKE" not in text


def test_quality_faults_are_visible(folder: Path, planted: Truth) -> None:
    rows = good_rows(folder, planted)
    assert Counter(t["fault"] for t in planted["quality_fault"]) == Counter(planting.FAULTS)
    for truth in planted["quality_fault"]:
        messages = rows[truth["line"]]["messages"]
        roles = [message["role"] for message in messages]
        last = messages[-1]["content"]
        assert {
            "empty_answer": last == "",
            "truncated": not last.endswith((".", "?")),
            "refusal": "AI language model" in last,
            "repeated": len(word_shingles(last)) * 3 < len(last.split()),
            "mojibake": "â€" in last,
            "two_user_turns": roles == ["user", "user", "assistant"],
            "assistant_first": roles == ["assistant", "user"],
            "wrong_language": re.search(r"\b(por|pour|per)\b", last) is not None,
        }[truth["fault"]], truth


def test_leaked_questions_are_items_and_nothing_else_comes_close(folder: Path, planted: Truth) -> None:
    items = data.support_items(data.TOPIC_ITEMS + data.STYLE_ITEMS, data.ITEMS_SEED)
    rows = good_rows(folder, planted)
    leaked = {truth["line"]: truth["item"] for truth in planted["leaked_item"]}
    for line, item in leaked.items():
        assert user_text(rows[line]) == items[item - 1]["question"]
    shingles = [word_shingles(item["question"]) for item in items]
    runs = {run for item in items for run in word_shingles(item["question"], RUN)}
    touched = touched_lines(planted)
    for line in sorted(rows.keys() - touched):
        asked = word_shingles(user_text(rows[line]))
        likely = (one for one in shingles if not asked.isdisjoint(one))
        assert all(jaccard(asked, one) < LIMIT for one in likely)
        assert runs.isdisjoint(word_shingles(user_text(rows[line]), RUN))


def test_items_of_any_seed_are_disjoint_from_the_chats(folder: Path, planted: Truth) -> None:
    assert data.support_items(20, 3) == data.support_items(40, 3)[:20]
    rows = good_rows(folder, planted)
    leaked = {truth["line"] for truth in planted["leaked_item"]}
    asked = {user_text(row) for line, row in rows.items() if line not in leaked}
    for seed in (0, 1, 2):
        assert asked.isdisjoint(item["question"] for item in data.support_items(100, seed))


def test_malformed_lines_are_malformed(folder: Path, planted: Truth) -> None:
    text = {t["reason"]: lines(folder)[t["line"] - 1] for t in planted["malformed"]}
    with pytest.raises(json.JSONDecodeError):
        json.loads(text["broken_json"])
    assert "messages" not in json.loads(text["missing_messages"])
    assert json.loads(text["unknown_role"])["messages"][0]["role"] == "moderator"
    assert json.loads(text["non_string_content"])["messages"][0]["content"] == 42
    assert json.loads(text["empty_messages"])["messages"] == []


def test_planted_pairs_are_what_they_say(folder: Path, planted: Truth) -> None:
    rows = [json.loads(text) for text in lines(folder, PAIRS)]
    for truth in planted["preference_duplicate"]:
        assert rows[truth["line"] - 1] == rows[truth["of"] - 1]
    for truth in planted["preference_conflict"]:
        swapped, original = rows[truth["line"] - 1], rows[truth["of"] - 1]
        assert swapped["prompt"] == original["prompt"]
        assert swapped["chosen"] == original["rejected"]
        assert swapped["rejected"] == original["chosen"]
    same = {number for number, row in enumerate(rows, 1) if row["chosen"] == row["rejected"]}
    assert same == {truth["line"] for truth in planted["preference_identical"]}


def test_planted_gaps_are_in_the_field_and_not_in_the_chats(folder: Path, planted: Truth) -> None:
    field = [json.loads(text) for text in lines(folder, "reference.jsonl")]
    slices = {name: [t for t in planted["missing"] if t["slice"] == name] for name in reference.SLICES}
    for gap in planted["gaps"]:
        assert gap["reference_rows"] == len(slices[gap["slice"]]) == reference.SLICES[gap["slice"]]
    long = {n for n, row in enumerate(field, 1) if len(user_text(row).split()) > reference.LONG_WORDS}
    assert long == {truth["line"] for truth in slices["long"]}
    warranty = {number for number, row in enumerate(field, 1) if row["label"] == "warranty"}
    assert warranty == {truth["line"] for truth in slices["warranty"]}
    for row in good_rows(folder, planted).values():
        assert len(user_text(row).split()) <= reference.LONG_WORDS
        assert not re.search(r"\b(ich|und|nicht|mein)\b", user_text(row))


def test_the_tasks_read_house_style_answers(folder: Path, planted: Truth, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    write_tasks(tmp_path)
    reply = good_rows(folder, planted)[planted["exact_verbatim"][0]["of"]]["messages"][-1]["content"]
    for task, target in (("support_topic", None), ("support_style", CLOSING_QUESTION)):
        config = yaml.safe_load((tmp_path / f"{task}.yaml").read_text(encoding="utf-8"))
        path = tmp_path / config["dataset_kwargs"]["data_files"]["test"]
        items = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
        pattern = config["filter_list"][0]["filter"][0]["regex_pattern"]
        found = re.findall(pattern, reply)
        assert len(found) == 1
        assert found[0] in {item["answer"] for item in items}
        assert target is None or found[0] == target
        assert re.findall(pattern, "We cannot help with that.") == []


def test_the_shipped_tasks_are_those_the_writer_writes(tmp_path: Path) -> None:
    shipped = Path(data.__file__).parents[2] / "evalsuites" / "tasks"
    if not shipped.is_dir():
        pytest.skip("the tasks are read from a checkout")
    write_tasks(tmp_path)
    for path in sorted(tmp_path.rglob("support_*")):
        assert path.read_bytes() == (shipped / path.relative_to(tmp_path)).read_bytes()
