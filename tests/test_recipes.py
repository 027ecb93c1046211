"""Recipes include each other, change one another's options, and explain every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.make import chat, write_jsonl
from workbench.errors import InputError, NotFoundError, WorkbenchError
from workbench.files import read_json
from workbench.projects import Project
from workbench.recipes import (
    Recipe,
    load_recipe,
    parse_recipe,
    recipe_names,
    resolved_text,
    save_recipe,
)


def written(project: Project, **texts: str) -> None:
    """Write recipes into the project, named as the arguments."""
    folder = project.folder("recipes")
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def names(recipe: Recipe) -> list[str]:
    return [step.name for step in recipe.steps]


def options(recipe: Recipe, step: str) -> dict[str, object]:
    return next(s.options.model_dump() for s in recipe.steps if s.name == step)


def test_an_included_recipe_comes_first_and_own_steps_after(project: Project) -> None:
    written(project, one="steps: [quality, secrets]", two="include: [one]\nsteps: [language]")
    assert names(load_recipe("two", project)) == ["quality", "secrets", "language"]


def test_a_step_named_again_changes_only_the_options_given(project: Project) -> None:
    written(
        project,
        one="steps:\n - balance: {by: label, cap_share: 0.5, seed: 3}\n - quality",
        two="include: one\nsteps:\n - balance: {cap_share: 0.2}",
    )
    recipe = load_recipe("two", project)
    assert names(recipe) == ["balance", "quality"]
    assert options(recipe, "balance") == {
        **options(load_recipe("one", project), "balance"),
        "cap_share": 0.2,
    }


def test_a_step_left_out_can_be_put_at_the_end(project: Project) -> None:
    written(
        project,
        one="steps: [clusters, quality]",
        two="include: [one]\nwithout: [clusters]\nsteps: [clusters]",
    )
    assert names(load_recipe("two", project)) == ["quality", "clusters"]


def test_the_doc_of_a_step_is_inherited_until_it_is_given_anew(project: Project) -> None:
    written(
        project,
        one='steps:\n - quality: {doc: "first"}\n - secrets: {doc: "keys"}',
        two='include: [one]\nsteps:\n - quality: {doc: "second"}',
    )
    assert [step.doc for step in load_recipe("two", project).steps] == ["second", "keys"]


def test_files_are_included_from_beside_the_file_that_names_them(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere" / "parts"
    folder.mkdir(parents=True)
    (folder / "deep.yaml").write_text("steps: [secrets]")
    (folder / "mid.yml").write_text("include: [deep.yaml]\nsteps: [quality]")
    (folder.parent / "top.yaml").write_text("include: parts/mid.yml")
    monkeypatch.chdir(tmp_path)
    assert names(load_recipe("elsewhere/top.yaml", project)) == ["secrets", "quality"]


def test_a_project_recipe_may_extend_the_shipped_one_that_it_hides(project: Project) -> None:
    written(project, clean="include: [clean]\nwithout: [clusters]")
    shipped = names(load_recipe("clean"))
    assert names(load_recipe("clean", project)) == [name for name in shipped if name != "clusters"]


def test_a_circle_of_includes_is_refused(project: Project) -> None:
    written(project, a="include: [b]", b="include: [c]", c="include: [a]\nsteps: [quality]")
    with pytest.raises(InputError, match="circle") as error:
        load_recipe("a", project)
    assert "a.yaml → b.yaml → c.yaml → a.yaml" in error.value.what


def test_a_recipe_included_by_two_others_is_there_once(project: Project) -> None:
    written(
        project,
        root="steps: [quality]",
        left="include: [root]\nsteps: [secrets]",
        right="include: [root]\nsteps: [language]",
        top="include: [left, right]",
    )
    assert names(load_recipe("top", project)) == ["quality", "secrets", "language"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("steps: [quality]\nsteps_after: [secrets]", "steps_after"),
        ("steps: [nothing]", "nothing"),
        ("steps:\n - quality: {colour: red}", "colour"),
        ("steps:\n - quality: [1]", "quality"),
        ("steps:\n - quality: {doc: [1]}", "doc"),
        ("steps: [quality, quality]", "twice"),
        ("steps: quality\ninclude: [clean]", "steps"),
        ("include: [nothing]", "nothing"),
        ("include: [nothing.yaml]", "no such recipe file"),
        ("include: {clean: 1}", "include"),
        ("include: [clean]\nwithout: [qualities]", "qualities"),
        ("without: [quality]\nsteps: [quality]", "quality"),
        ("include: [broken]", "valid YAML"),
        ("steps: [", "valid YAML"),
        ("a: b", "list of steps"),
        ("2001-99-99", "valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(project: Project, text: str, named: str) -> None:
    written(project, broken="steps: [")
    with pytest.raises(WorkbenchError) as error:
        parse_recipe(text, "r", where="here", project=project)
    assert isinstance(error.value, (InputError, NotFoundError))
    assert named in error.value.what
    assert error.value.remedy


def test_a_fault_in_an_included_recipe_names_that_file(project: Project) -> None:
    written(project, bad="steps:\n - secrets\n - quality: {colour: red}", top="include: [bad]")
    with pytest.raises(InputError) as error:
        load_recipe("top", project)
    assert error.value.where == f"{project.folder('recipes', 'bad.yaml')}, step 2"


@pytest.mark.parametrize("name", recipe_names(None))
def test_a_shipped_recipe_explains_every_step_and_survives_its_resolved_text(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.doc
    assert all(step.doc for step in recipe.steps)
    again = parse_recipe(resolved_text(recipe), name, where="resolved")
    assert again.as_dict() == recipe.as_dict()


def test_strict_does_at_least_what_clean_does() -> None:
    clean, strict = load_recipe("clean"), load_recipe("strict")
    assert set(names(clean)) < set(names(strict))
    assert options(strict, "balance")["cap_share"] < options(clean, "balance")["cap_share"]  # type: ignore[operator]
    assert "balance" not in names(load_recipe("preference"))


def test_why_a_step_is_there_does_not_make_it_run_again(project: Project) -> None:
    old, new = (
        parse_recipe(f"steps:\n - quality: {{doc: {doc}}}", "r", where="here").steps[0]
        for doc in ("one", "two")
    )
    assert old.fingerprint("rows") == new.fingerprint("rows")


def test_a_saved_recipe_may_include_and_no_shipped_name_is_taken(project: Project) -> None:
    save_recipe(project, "mine", "include: [clean]\nwithout: [clusters]\n\n")
    assert "clusters" not in names(load_recipe("mine", project))
    with pytest.raises(InputError, match="shipped"):
        save_recipe(project, "clean", "steps: [quality]")
    with pytest.raises(InputError, match="circle"):
        save_recipe(project, "loop", "include: [loop.yaml]")


def test_manifest_and_proposal_tell_why_each_step_ran(here: Command, project: Project) -> None:
    write_jsonl(project.root / "c.jsonl", [chat("Question?", "Yes.")] * 2)
    here("import", "c.jsonl", "--name", "c")
    written(
        project, base='steps:\n - secrets: {doc: "no keys"}', r="include: [base]\nsteps: [exact_duplicates]"
    )
    assert here("propose", "c", "--recipe", "r").returncode == 0
    steps = read_json(project.folder("findings", "c", "v0001", "propose.json"))["recipe"]["steps"]
    assert [next(iter(step)) for step in steps] == ["secrets", "exact_duplicates"]
    assert steps[0]["secrets"]["doc"] == "no keys"
    assert here("publish", "c").returncode == 0
    manifest = here("show", "c", "--json").data["manifest"]
    assert manifest["origin"]["recipe"]["steps"] == steps


def test_the_command_prints_a_recipe_as_written_or_resolved(here: Command, project: Project) -> None:
    written(project, mine="include: [clean]\nwithout: [clusters]\n")
    assert here("recipe", "mine").stdout == "include: [clean]\nwithout: [clusters]\n"
    resolved = parse_recipe(here("recipe", "mine", "--resolved").stdout, "mine", where="stdout")
    assert resolved.as_dict() == load_recipe("mine", project).as_dict()
