"""The fast scorer gives the harness's numbers, with less work, on models made on the spot."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.likelihood import Asked, encode_pairs, fast_harness, gold_shift, score_choices, score_tokens
from workbench.likelihood.forward import can_branch, packed
from workbench.likelihood.layout import Row, Size, batches, rows_of
from workbench.models import load_model, load_tokenizer
from workbench.scores import Score

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

STORIES = Path(__file__).parents[2] / "shared" / "data" / "models" / "stories260K" / "hf"
WORDS = [
    "river",
    "house",
    "stone",
    "light",
    "garden",
    "window",
    "paper",
    "summer",
    "little",
    "other",
    "under",
    "because",
    "people",
]
LONGEST = 96


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer("tiny-chat")


def sized(kind: str, **changes: Any) -> Any:
    """A causal model of a named architecture, small, with weights wide enough to have opinions."""
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes = {
        "vocab_size": 1280,
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": LONGEST,
    }
    if kind in ("llama", "qwen2", "gemma2", "mistral"):
        sizes |= {"intermediate_size": 96, "num_key_value_heads": 2, "head_dim": 12}
    if kind == "mamba":
        sizes = {"vocab_size": 1280, "hidden_size": 48, "num_hidden_layers": 2, "state_size": 4}
    if kind == "bloom":
        sizes = {"vocab_size": 1280, "hidden_size": 48, "n_layer": 2, "n_head": 4}
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes, **ends, **changes))
    for weights in model.parameters():
        if weights.dim() == 2:
            torch.nn.init.normal_(weights, std=0.25)
    return model.eval()


def adapted(model: Any, **options: Any) -> Any:
    """The model with a LoRA adapter that does something."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"], **options)
    torch.manual_seed(1)
    made = get_peft_model(model, config)
    for name, weights in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    return made.eval()


def words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))


def questions(count: int = 12) -> list[tuple[str, list[str]]]:
    """Contexts with choices: long and short, of one token, empty, with spaces at the end, too long."""
    chance = random.Random(3)
    shots = words(chance, 15)
    made = [
        (f"{shots}\n\n{words(chance, 6)}", [f" {words(chance, n)}" for n in (1, 1, 4, 9)])
        for _ in range(count)
    ]
    return [
        *made,
        ("", [" stone garden", "river", "paper light"]),
        (f"{words(chance, 5)}  ", ["house", " summer people"]),
        (f"{words(chance, 200)}:", [" light", f" {words(chance, 12)}", " under because"]),
        ("x", ["yz and more", "y"]),
    ]


def asked_by_harness(items: Sequence[tuple[str, list[str]]]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [
        Instance("loglikelihood", {}, (context, choice), place, ("made", number, 1))
        for number, (context, choices) in enumerate(items)
        for place, choice in enumerate(choices)
    ]


def harness(model: Any, tokenizer: Any) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4, softmax_dtype="float32")


def same_as_harness(
    model: Any, tokenizer: Any, items: Sequence[tuple[str, list[str]]], gap: float = 1e-3
) -> None:
    told = harness(model, tokenizer).loglikelihood(asked_by_harness(items), disable_tqdm=True)
    found = score_choices(model, tokenizer, [context for context, _ in items], [own for _, own in items])
    flat = [one for own in found for one in own]
    assert max(abs(one.logprob - value) for one, (value, _) in zip(flat, told, strict=True)) <= gap
    assert [one.greedy for one in flat] == [greedy for _, greedy in told]
    answers = iter(told)
    for own in found:
        theirs = [next(answers)[0] for _ in own]
        ours = [one.logprob for one in own]
        assert ours.index(max(ours)) == theirs.index(max(theirs))


# ── the harness's numbers ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2", "gemma2", "gpt_neox"])
def test_choices_score_as_in_the_harness(kind: str, tokenizer: Any) -> None:
    model = sized(kind)
    assert can_branch(model, LONGEST)
    same_as_harness(model, tokenizer, questions())


def test_tiny_chat_scores_as_in_the_harness(tokenizer: Any) -> None:
    same_as_harness(load_model("tiny-chat").eval(), tokenizer, questions())


def test_a_published_model_scores_as_in_the_harness() -> None:
    if not STORIES.is_dir():
        pytest.skip("stories260K of the shared data is not here")
    from transformers import AutoTokenizer

    model = load_model(str(STORIES)).eval()
    tale = "Once upon a time, there was a little girl named Lily."
    items = [*questions(), (tale, [" She loved to play.", " The end.", " Stone stone"])]
    same_as_harness(model, AutoTokenizer.from_pretrained(STORIES), items)


def test_an_adapter_scores_as_in_the_harness(tokenizer: Any) -> None:
    same_as_harness(adapted(sized("llama")), tokenizer, questions())


def test_an_adapter_on_the_head_scores_as_in_the_harness(tokenizer: Any) -> None:
    same_as_harness(adapted(sized("llama"), modules_to_save=["lm_head"]), tokenizer, questions())


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("bloom", {}), ("mamba", {}), ("mistral", {"sliding_window": 12})],
    ids=["bloom", "mamba", "window"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_that_cannot_share_beginnings_scores_as_in_the_harness(
    kind: str, changes: dict[str, Any], tokenizer: Any
) -> None:
    model = sized(kind, **changes)
    assert not can_branch(model, LONGEST)
    same_as_harness(model, tokenizer, questions()[:4])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_adapter_with_tokens_before_the_input_scores_as_in_the_harness(tokenizer: Any) -> None:
    from peft import PromptTuningConfig, get_peft_model

    model = get_peft_model(
        sized("llama"), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5)
    ).eval()
    assert not can_branch(model, LONGEST)
    same_as_harness(model, tokenizer, questions()[:4])


def test_half_precision_scores_as_in_the_harness_to_its_rounding(tokenizer: Any) -> None:
    model = sized("llama").to(torch.bfloat16)
    assert can_branch(model, LONGEST)
    items = questions(6)[:6]
    told = harness(model, tokenizer).loglikelihood(asked_by_harness(items), disable_tqdm=True)
    found = score_choices(model, tokenizer, [context for context, _ in items], [own for _, own in items])
    flat = [one for own in found for one in own]
    exact = harness(model.float(), tokenizer).loglikelihood(asked_by_harness(items), disable_tqdm=True)
    rounding = max(abs(a - b) for (a, _), (b, _) in zip(told, exact, strict=True))
    assert max(abs(one.logprob - value) for one, (value, _) in zip(flat, exact, strict=True)) <= 2 * rounding


# ── the base in the same pass ───────────────────────────────────────────────────────────


def scored_apart(model: Any, asked: Asked) -> torch.Tensor:
    """Log-softmax at the asked positions, by the plainest way there is."""
    with torch.no_grad():
        logits = model(torch.tensor([list(asked.ids)])).logits[0].double()
    return logits.log_softmax(-1)[[place - 1 for place in asked.targets]]


def test_divergence_and_agreement_are_those_of_the_whole_distributions(tokenizer: Any) -> None:
    model = adapted(sized("llama"))
    pairs = [(context, choice) for context, own in questions(4)[:4] for choice in own]
    asked = encode_pairs(tokenizer, pairs, LONGEST)
    found = score_tokens(model, asked, reference=model.disable_adapter)
    for one, what in zip(found, asked, strict=True):
        new = scored_apart(model, what)
        with model.disable_adapter():
            old = scored_apart(model, what)
        ids = torch.tensor([what.ids[place] for place in what.targets])
        assert one.kl == pytest.approx(float((old.exp() * (old - new)).sum(-1).mean()), rel=1e-3)
        assert one.reference == pytest.approx(float(old.gather(1, ids[:, None]).sum()), abs=1e-3)
        assert one.agreement == pytest.approx(float((old.argmax(-1) == new.argmax(-1)).double().mean()))


def test_a_model_has_not_moved_from_itself(tokenizer: Any) -> None:
    model = sized("llama")
    (own,) = score_choices(model, tokenizer, ["river stone"], [[" light", " garden"]], reference=nullcontext)
    assert all(one.kl == 0.0 and one.agreement == 1.0 and one.reference == one.logprob for one in own)


def test_another_model_can_be_the_reference(tokenizer: Any) -> None:
    model, other = sized("llama"), sized("qwen2")
    contexts, choices = ["river stone"], [[" light", " garden"]]
    (alone,) = score_choices(other, tokenizer, contexts, choices)
    (own,) = score_choices(model, tokenizer, contexts, choices, reference=lambda: nullcontext(other))
    assert [one.reference for one in own] == pytest.approx([one.logprob for one in alone])
    assert all(one.kl is not None and one.kl > 0.1 for one in own)


def test_a_reference_with_another_vocabulary_is_an_error(tokenizer: Any) -> None:
    from transformers import AutoModelForCausalLM, LlamaConfig

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    other = AutoModelForCausalLM.from_config(LlamaConfig(vocab_size=1300, **sizes)).eval()
    with pytest.raises(InputError, match="different vocabularies"):
        score_choices(
            sized("llama"), tokenizer, ["river"], [[" light"]], reference=lambda: nullcontext(other)
        )


# ── less work ───────────────────────────────────────────────────────────────────────────


def positions(model: Any, work: Callable[[], Any]) -> tuple[int, int]:
    """How many tokens went through the layers, and how many positions through the head."""
    read, headed = [], []
    hooks = [
        model.get_input_embeddings().register_forward_hook(
            lambda _m, _i, out: read.append(out.shape[:2].numel())
        ),
        model.get_output_embeddings().register_forward_hook(
            lambda _m, _i, out: headed.append(out.shape[:2].numel())
        ),
    ]
    work()
    for hook in hooks:
        hook.remove()
    return sum(read), sum(headed)


def test_a_beginning_is_read_once_and_only_asked_positions_meet_the_head(tokenizer: Any) -> None:
    model = sized("llama")
    chance = random.Random(5)
    items = [(words(chance, 25), [f" {words(chance, 5)}" for _ in range(4)]) for _ in range(30)]
    contexts, choices = [context for context, _ in items], [own for _, own in items]
    slow = positions(
        model, lambda: harness(model, tokenizer).loglikelihood(asked_by_harness(items), disable_tqdm=True)
    )
    fast = positions(model, lambda: score_choices(model, tokenizer, contexts, choices))
    assert fast[0] < slow[0] / 2
    assert fast[1] < slow[1] / 4


def test_scoring_leaves_the_model_as_it_was(tokenizer: Any) -> None:
    model = adapted(sized("llama")).train()
    score_choices(model, tokenizer, ["river"], [[" light", " stone"]], reference=model.disable_adapter)
    assert model.training
    assert not model.get_output_embeddings()._forward_pre_hooks
    assert model.active_adapters == ["default"]


# ── what is asked ───────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.text(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_texts_are_cut_where_the_harness_cuts_them(pairs: list[tuple[str, str]]) -> None:
    tokenizer = load_tokenizer_once()
    lm = made_harness()
    for context, choice in pairs:
        try:
            (asked,) = encode_pairs(tokenizer, [(context, choice)], 10_000)
        except InputError:
            continue
        if context:
            before, after = lm._encode_pair(context, choice)
        else:
            after = tokenizer.encode(choice, add_special_tokens=False)
            before = [lm.prefix_token_id]
            before, after = (before, after) if before[0] != after[0] else (after[:1], after[1:])
        whole = [*before, *after]
        assert list(asked.ids[: asked.targets[0]]) == whole[: len(whole) - len(after)]
        assert [asked.ids[place] for place in asked.targets] == after


KEPT: dict[str, Any] = {}


def load_tokenizer_once() -> Any:
    return KEPT.setdefault("tokenizer", load_tokenizer("tiny-chat"))


def made_harness() -> Any:
    if "harness" not in KEPT:
        KEPT["harness"] = harness(sized("llama"), load_tokenizer_once())
    return KEPT["harness"]


@pytest.mark.parametrize(
    ("context", "choice", "what"),
    [
        ("river", "", "no token of its own"),
        ("", "", "no token"),
        ("river", " stone" * 200, "longer than the model"),
    ],
)
def test_a_choice_that_cannot_be_scored_is_an_error_without_its_text(
    context: str, choice: str, what: str, tokenizer: Any
) -> None:
    with pytest.raises(InputError, match=what) as raised:
        score_choices(sized("llama"), tokenizer, ["a", context], [[" b"], [choice]])
    assert "request 1" in str(raised.value)
    assert "stone" not in str(raised.value)


SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=9), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(SEQUENCES, st.booleans(), st.sampled_from([1, 8, 4096]), st.integers(1, 20), st.randoms())
def test_every_sequence_stands_whole_in_its_row(
    sequences: list[list[int]], branching: bool, width: int, scored: int, chance: random.Random
) -> None:
    asked = [
        Asked(ids, sorted(chance.sample(range(1, len(ids)), chance.randint(1, len(ids) - 1))))
        for ids in sequences
    ]
    rows = rows_of(asked, branching=branching, width=width, scored=scored)
    assert sorted(number for row in rows for number in row.before) == list(range(len(asked)))
    assert branching or not any(row.branches for row in rows)
    for group in batches(rows, Size(3, 40, 30)):
        batch, places = packed(group)
        for line, (row, place) in enumerate(zip(group, places, strict=True)):
            for number, nodes in row.before.items():
                for node, target in zip(nodes, asked[number].targets, strict=True):
                    seen = seen_by(row, batch.mask, line, node)
                    assert [row.ids[one] for one in seen] == asked[number].ids[:target]
                    assert [row.depths[one] for one in seen] == list(range(target))
                    assert (int(batch.at[0][place[node]]), int(batch.at[1][place[node]])) == (line, node)


def seen_by(row: Row, mask: torch.Tensor | None, line: int, node: int) -> list[int]:
    """The tokens that a token attends to: by the mask, or all before it in a row without branches."""
    if mask is None:
        return list(range(node + 1))
    return [int(one) for one in mask[line, 0, node].nonzero().flatten()]


# ── the right answer's shift ────────────────────────────────────────────────────────────


def told(
    changes: list[float], clusters: list[str] | None = None
) -> tuple[dict[str, Score], dict[str, Score]]:
    names = clusters or [None] * len(changes)
    old = {f"{n}": Score(f"{n}", 1.0, cluster=names[n], nll=2.0) for n in range(len(changes))}
    new = {f"{n}": Score(f"{n}", 1.0, cluster=names[n], nll=2.0 - changes[n]) for n in range(len(changes))}
    return old, new


def test_a_planted_shift_is_found_where_no_answer_changed() -> None:
    chance = random.Random(2)
    shift = gold_shift(*told([chance.gauss(-0.3, 0.5) for _ in range(200)]))
    assert shift is not None and shift.p is not None and shift.low is not None and shift.high is not None
    assert shift.low < -0.3 < shift.high < 0.0
    assert shift.p < 1e-6


def test_no_shift_is_no_alarm() -> None:
    chance = random.Random(2)
    alarms = 0
    for _ in range(200):
        shift = gold_shift(*told([chance.gauss(0.0, 0.5) for _ in range(30)]))
        assert shift is not None and shift.p is not None
        alarms += shift.p < 0.05
    assert alarms <= 18


def test_items_of_one_cluster_do_not_count_as_many() -> None:
    chance = random.Random(4)
    changes = [value for _ in range(6) for value in [chance.gauss(-0.2, 0.5)] * 50]
    clusters = [str(n // 50) for n in range(300)]
    alone, together = gold_shift(*told(changes)), gold_shift(*told(changes, clusters))
    assert alone is not None and together is not None and alone.p is not None and together.p is not None
    assert alone.mean == pytest.approx(together.mean)
    assert alone.p < 0.001 < 0.05 < together.p


def test_a_shift_needs_answers_that_both_models_scored() -> None:
    assert gold_shift({"a": Score("a", 1.0)}, {"a": Score("a", 1.0, nll=1.0)}) is None
    same = gold_shift(*told([0.0, 0.0, 0.0]))
    assert same is not None and (same.mean, same.p) == (0.0, None)


# ── inside the harness ──────────────────────────────────────────────────────────────────


class Moody(torch.nn.Module):
    """Wraps a head so that it answers differently when it is shown few positions."""

    def __init__(self, head: torch.nn.Module) -> None:
        super().__init__()
        self.head = head
        self.weight = head.weight

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        logits = self.head(hidden)
        return logits * 0.5 if hidden.shape[0] == 1 and hidden.shape[1] != 11 else logits


def test_a_model_that_differs_from_the_harness_is_scored_by_the_harness(tokenizer: Any) -> None:
    model = sized("llama")
    items = [(f"river house {word}", [" light", " stone garden"]) for word in WORDS]
    model.set_output_embeddings(Moody(model.get_output_embeddings()))
    expected = harness(model, tokenizer).loglikelihood(asked_by_harness(items), disable_tqdm=True)
    fast = fast_harness(model, tokenizer, 4)
    assert fast.loglikelihood(asked_by_harness(items)) == expected
    assert not fast.checks["made"].same
    assert fast.checks["made"].requests == 2 * len(WORDS)
    assert not fast.likelihoods


def test_a_model_that_agrees_with_the_harness_is_scored_fast(tokenizer: Any) -> None:
    fast = fast_harness(sized("llama"), tokenizer, check=3)
    fast.loglikelihood(asked_by_harness(questions()))
    assert fast.checks["made"].same
    assert fast.checks["made"].requests == 12
    assert len(fast.likelihoods) == len(asked_by_harness(questions()))
