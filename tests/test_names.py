"""Names of people and places: found in chats, followed through them, and nothing else taken for one."""

import gzip
import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.errors import InputError, MissingExtraError, NotFoundError
from workbench.names import build_lexicon, corpora, crf, train
from workbench.names.backends import pieces
from workbench.names.corpora import labelled
from workbench.names.features import Features
from workbench.names.finding import EmbeddedNames, name_finder
from workbench.names.lexicon import lexicon
from workbench.names.measuring import gold
from workbench.names.prose import prose
from workbench.names.public import is_public, known_names
from workbench.names.recognizer import crf_recognizer
from workbench.names.settings import Names
from workbench.names.tokens import sentences, tokens

PRESETS = ("strict", "balanced", "light")


def found(*texts: str, entity: str = "PERSON", **chosen: object) -> list[list[str]]:
    spans = name_finder(Names(**chosen)).find(list(texts))
    return [
        [t[s.start : s.end] for s in each if s.entity == entity] for t, each in zip(texts, spans, strict=True)
    ]


PLANTED = [
    ("Hi Martha, could you forward this to Desmond Okafor before Friday?", ["Martha", "Desmond Okafor"]),
    ("My sister Ingrid Halvorsen moved to Bergen with her husband Tomas.", ["Ingrid Halvorsen", "Tomas"]),
    ("my name is rebecca turner and i cannot log in", ["rebecca turner"]),
    (
        "Please book an appointment for Mr. Whitcombe with Dr. Anjali Deshpande.",
        ["Whitcombe", "Anjali Deshpande"],
    ),
    ("The order was placed by Carlos Mendoza; his daughter Lucia picked it up.", ["Carlos Mendoza", "Lucia"]),
    ("Thanks for your help!\n\nBest regards,\nGraham Pellington", ["Graham Pellington"]),
    (
        "From: Olga Petrenko\nTo: Samuel Brightwater\nSubject: invoice",
        ["Olga Petrenko", "Samuel Brightwater"],
    ),
    (
        "I spoke to J. R. Hargreaves Jr. and Jean-Luc Fontaine about it.",
        ["J. R. Hargreaves Jr.", "Jean-Luc Fontaine"],
    ),
    ("Tell Sean O'Malley that Anna van der Berg called.", ["Sean O'Malley", "Anna van der Berg"]),
]


@pytest.mark.parametrize("text, names", PLANTED)
@pytest.mark.parametrize("preset", ["strict", "balanced"])
def test_names_planted_in_chats_are_wholly_covered(text: str, names: list[str], preset: str) -> None:
    (spans,) = name_finder(Names(preset=preset)).find([text])
    covered = {at for span in spans for at in range(span.start, span.end)}
    for name in names:
        start = text.index(name)
        missed = [at for at in range(start, start + len(name)) if at not in covered and text[at].isalnum()]
        assert not missed, name


def test_the_presets_differ_in_eagerness_and_only_in_that() -> None:
    text = (
        " ".join(each for each, _ in PLANTED) + " ellwood and priya saw kwame at marlow. Ask Brill or Tansy."
    )
    covered = []
    for preset in PRESETS:
        (spans,) = name_finder(Names(preset=preset)).find([text])
        covered.append({at for s in spans for at in range(s.start, s.end)})
    strict, balanced, light = covered
    assert len(strict) > len(light)
    assert len(strict) >= len(balanced) >= len(light)
    assert light - strict == set()


@pytest.mark.parametrize(
    "text, place",
    [
        ("We moved from Chicago to Lisbon last year.", "Lisbon"),
        ("She lives in San Francisco, near the park.", "San Francisco"),
        ("What is the weather in Nairobi, Kenya?", "Nairobi"),
    ],
)
def test_places_are_found(text: str, place: str) -> None:
    assert place in found(text, entity="LOCATION")[0]


CLEAN = [
    "Will you send it in May 2024? Mark the box that applies.",
    "Install Python 3.11 and run the tests. Then open Settings and press Save.",
    "On Monday we ship version 4.2, on Tuesday we test it.",
    "The function returns None when the key is missing.",
    "Preheat the oven to 200 degrees. Mix the flour, sugar and butter.",
    "Hello Team,\nplease update your passwords.\nKind regards,\nCustomer Service",
    "Dear Customer, your order 4711 has been shipped.",
    "I hope this helps! Let me know if you need more.",
    "In June and August the shop is closed.",
    "Question: How many ounces are in a pound?",
]


@pytest.mark.parametrize("text", CLEAN)
def test_text_without_people_is_left_alone(text: str) -> None:
    assert found(text) == [[]]


def test_code_in_fences_is_not_read_but_its_comments_are() -> None:
    text = "Look:\n```python\nAlice = Bob + Carol  # by Maria Lopez\nRobert.Smith(John)\n```\nThanks, `Peter`"
    assert found(text) == [["Maria Lopez"]]


def test_a_fence_that_never_closes_runs_to_the_end() -> None:
    assert "".join(text[a:b] for text in ["say\n```\nx = Bob\n# hi"] for a, b in prose(text)).split() == [
        "say",
        "#",
        "hi",
    ]


def test_a_name_once_found_is_found_in_every_message() -> None:
    texts = [
        "My manager is Theodora Quimbleton and I report to her.",
        "What does Quimbleton want?",
        "Theodora's note says THEODORA QUIMBLETON agrees.",
        "theodora quimbleton again",
    ]
    names = found(*texts)
    assert names[0] == ["Theodora Quimbleton"]
    assert names[1] == ["Quimbleton"]
    assert names[2] == ["Theodora", "THEODORA QUIMBLETON"]
    assert names[3] == ["theodora quimbleton"]


def test_a_name_that_is_a_common_word_does_not_spread() -> None:
    texts = ["My name is Will Hope and I need help.", "Will you? I hope so. Hope is a good thing."]
    names = found(*texts)
    assert names[0] == ["Will Hope"]
    assert "hope" not in names[1]
    assert "Will" not in names[1]


def test_a_street_named_after_someone_is_not_that_person_again() -> None:
    texts = ["I asked Gerald Lincolnshire about it.", "Turn left at Lincolnshire Street."]
    assert "Lincolnshire" not in found(*texts)[1]


def test_texts_in_other_languages_are_not_searched() -> None:
    finder = name_finder(Names())
    texts = ["Ich heisse Martha Schmidt.", "My name is Martha Smith."]
    german, english = finder.find(texts, ["de", "en"])
    assert german == []
    assert len(english) == 1
    assert "English" in finder.about()["misses"]


def test_greetings_announce_no_names_in_tool_output() -> None:
    text = "Dear Zzyxqk,"
    finder = name_finder(Names(preset="light"))
    (spoken,) = finder.find([text], None, ["user"])
    (data,) = finder.find([text], None, ["tool"])
    assert [text[s.start : s.end] for s in spoken] == ["Zzyxqk"]
    assert data == []


def test_organisations_are_looked_for_only_when_asked() -> None:
    text = "He works at Goldman Sachs and studied at the University of Warwick."
    assert found(text, entity="ORGANIZATION") == [[]]
    assert found(text, entity="ORGANIZATION", organisations=True) != [[]]


TEXTS = st.text(alphabet=st.characters(codec=None), max_size=200) | st.lists(
    st.sampled_from(
        [
            "Anna",
            "Mr.",
            "van",
            "\n",
            "\x00",
            "😀",
            "ه",
            "\u202e",
            "'s",
            "```",
            "`",
            "-",
            "J.",
            "smith",
            "Dear",
            ",",
            "\ud800",
            "e\u0301",
        ]
    ),
    max_size=40,
).map(" ".join)


@given(TEXTS)
@example("")
@example("Dear Anna\u0301,")
@settings(max_examples=150, deadline=None)
def test_spans_lie_inside_the_text_in_order_and_apart(text: str) -> None:
    (spans,) = name_finder(Names(preset="strict", organisations=True)).find([text])
    last = 0
    for span in spans:
        assert last <= span.start < span.end <= len(text)
        assert 0 <= span.score <= 1
        assert span.entity in ("PERSON", "LOCATION", "ORGANIZATION")
        last = span.end


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_tokens_hold_every_character_that_is_no_space(text: str) -> None:
    made = list(tokens(text))
    assert [w for s in sentences(text) for w in s] == made
    kept = [False] * len(text)
    for word, at in made:
        assert text[at : at + len(word)] == word
        for i in range(at, at + len(word)):
            assert not kept[i]
            kept[i] = True
    left = [c for c, was in zip(text, kept, strict=True) if not was]
    assert all(c.isspace() for c in left)


@given(st.text(max_size=6000))
@settings(max_examples=40, deadline=None)
def test_pieces_of_a_long_text_cover_it(text: str) -> None:
    covered = 0
    for start, piece in pieces(text):
        assert start <= covered
        assert text[start : start + len(piece)] == piece
        covered = max(covered, start + len(piece))
    assert covered == len(text)


def test_contractions_and_possessives_are_tokens_of_their_own() -> None:
    assert [w for w, _ in tokens("Don't ask O'Brien's friend J. Smith.")] == [
        *("Do", "n't", "ask", "O'Brien", "'s", "friend", "J.", "Smith", ".")
    ]


@pytest.mark.parametrize(
    "text", ["a." * 500_000, "x" * 1_000_000, "Ann " * 250_000, "'" * 10**6, "`" * 10**6, "\n" * 10**6]
)
def test_a_message_of_a_megabyte_is_read_to_the_end(text: str) -> None:
    (spans,) = name_finder(Names()).find([text + "\nMy name is Beatrice Holloway."])
    assert spans[-1].end == len(text) + len("\nMy name is Beatrice Holloway")


def test_the_same_conversation_gives_the_same_spans() -> None:
    texts = [text for text, _ in PLANTED]
    first = EmbeddedNames(Names()).find(texts)
    assert EmbeddedNames(Names()).find(texts) == first
    assert name_finder(Names()).find(texts) == first


def test_the_features_of_training_and_of_reading_are_the_same() -> None:
    words = [w for w, _ in tokens("Mr. Pellington met Anna O'Brien in York, @anna_b said on 3 May.")]
    every = Features(lexicon()).of_sentence(words, ",")
    present = {a for row in every for a in row if hash(a) % 2}
    kept = Features(lexicon(), present).of_sentence(words, ",")
    assert [[a for a in row if a in present] for row in every] == kept


def test_about_names_the_backend_its_figures_and_what_it_misses() -> None:
    about = name_finder(Names(preset="strict")).about()
    assert about["backend"] == "embedded"
    assert about["preset"] == "strict"
    assert 0 < about["figures"]["PERSON"]["masked"] <= 1
    assert about["misses"]
    assert name_finder(Names(backend="none")).about()["backend"] == "none"
    assert name_finder(Names(backend="none")).find(["Anna Smith"]) == [[]]


def test_the_shipped_model_is_what_its_card_says_and_small() -> None:
    card = crf.card_of(crf.MODEL)
    folder = crf.MODEL.parent
    assert set(card.thresholds) == set(PRESETS)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 10_000_000
    said = (folder / "README.md").read_text()
    for author in ("WNUT17", "Broad Twitter Corpus", "CrossNER", "Salinas Alvarado", "Faker", "phonenumbers"):
        assert author in said


def test_a_model_that_is_not_the_one_of_its_card_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "m.crfsuite"
    for file in (crf.MODEL, crf.card_path(crf.MODEL), crf.attributes_path(crf.MODEL)):
        (tmp_path / file.name.replace("names-en", "m")).write_bytes(file.read_bytes())
    crf.card_of(model)
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="not the one its card names"):
        crf.card_of(model)
    model.unlink()
    with pytest.raises(NotFoundError, match="not there"):
        crf.card_of(model)


def test_a_missing_list_of_names_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="list of names"):
        lexicon(tmp_path / "none.gz")


@pytest.mark.parametrize(
    "raw, expected", [(0.0, 0.1), (0.2, 0.1), (0.4, 0.2), (0.6, 0.3), (0.8, 0.6), (1.0, 0.9), (1.2, 0.9)]
)
def test_scores_are_read_between_the_measured_points(raw: float, expected: float) -> None:
    assert crf.calibrated(raw, [(0.2, 0.1), (0.6, 0.3), (1.0, 0.9)]) == pytest.approx(expected)


def test_a_stock_analyzer_finds_the_same_names() -> None:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    class Blank(NlpEngine):
        def load(self): ...
        def is_loaded(self):
            return True

        def process_text(self, text, language):
            return NlpArtifacts([], [], [], [], self, language)

        def process_batch(self, texts, language, **rest):
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word, language):
            return False

        def is_punct(self, word, language):
            return False

        def get_supported_entities(self):
            return []

        def get_supported_languages(self):
            return ["en"]

    registry = RecognizerRegistry(recognizers=[crf_recognizer(Names())], supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    for text, _ in PLANTED:
        (spans,) = name_finder(Names()).find([text])
        results = analyzer.analyze(text, "en")
        assert sorted((r.start, r.end, r.entity_type, r.score) for r in results) == [
            (s.start, s.end, s.entity, s.score) for s in spans
        ]


@pytest.mark.parametrize(
    "name, reason",
    [
        ("Albert Einstein", "public figure"),
        ("EINSTEIN", "public figure"),
        ("Nelson Mandela's", "public figure"),
        ("Søren Kierkegaard", "public figure"),
        ("Soren  Kierkegaard", "public figure"),
        ("President Obama", "public figure"),
        ("Kant", "public figure"),
        ("Romeo", "fiction"),
        ("Mr. Darcy", "fiction"),
        ("Sherlock Holmes", "fiction"),
        ("Albert", None),
        ("Nelson", None),
        ("John Smith", None),
        ("Mary Jane", None),
        ("Einstein Cohen", None),
        ("", None),
    ],
)
def test_public_figures_are_known_by_full_name_or_the_one_word_they_go_by(
    name: str, reason: str | None
) -> None:
    assert is_public(name) == reason


def test_no_single_first_name_is_on_the_public_list() -> None:
    usual = {"mary", "james", "john", "anna", "maria", "david", "peter", "paul", "sarah", "michael", "george"}
    alone = {name for name in known_names() if " " not in name}
    assert not usual & alone
    assert len(known_names()) > 1500


@pytest.mark.parametrize(
    "chosen",
    [{"backend": "spacy"}, {"backend": "embedded", "model": "x"}, {"preset": "eager"}, {"colour": "red"}],
)
def test_settings_that_do_not_fit_are_refused(chosen: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Names(**chosen)


@pytest.mark.parametrize("backend", ["spacy", "transformers"])
def test_a_model_that_is_not_here_is_named_and_nothing_is_used_instead(backend: str) -> None:
    with pytest.raises(NotFoundError, match=r"no_such_model.*not on this machine"):
        name_finder(Names(backend=backend, model="no_such_model"))


def test_gliner_without_its_library_names_the_extra() -> None:
    if _installed("gliner"):
        pytest.skip("gliner is installed here")
    with pytest.raises(MissingExtraError, match="names-gliner"):
        name_finder(Names(backend="gliner", model="urchade/gliner_small"))


def _installed(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


def test_a_spacy_model_from_this_machine_is_used(tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": "Zebulon Quist"},
            {"label": "GPE", "pattern": "Ulm"},
            {"label": "ORG", "pattern": "Acme"},
        ]
    )
    nlp.to_disk(tmp_path / "tiny")
    chosen = Names(backend="spacy", model=str(tmp_path / "tiny"))
    texts = ["word " * 700 + "Zebulon Quist of Acme went to Ulm.", "Quist is back."]
    spans = name_finder(chosen).find(texts)
    assert [[(t[s.start : s.end], s.entity) for s in each] for t, each in zip(texts, spans, strict=True)] == [
        [("Zebulon Quist", "PERSON"), ("Ulm", "LOCATION")],
        [("Quist", "PERSON")],
    ]
    assert name_finder(chosen).about()["model"] == str(tmp_path / "tiny")


def test_a_spacy_model_that_finds_no_names_is_refused(tmp_path: Path) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match="does not look for names"):
        name_finder(Names(backend="spacy", model=str(tmp_path / "blank")))


def test_a_transformers_model_from_this_machine_is_used(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "zebulon", "went", "home"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=512, id2label={0: "O", 1: "B-PER"}, label2id={"O": 0, "B-PER": 1},
    )  # fmt: skip
    network = BertForTokenClassification(config)
    network.classifier.bias.data[:] = network.classifier.bias.data.new_tensor([-30.0, 30.0])
    network.save_pretrained(tmp_path)
    text = "zebulon went home " * 200
    (spans,) = name_finder(Names(backend="transformers", model=str(tmp_path))).find([text])
    assert {s.entity for s in spans} == {"PERSON"}
    assert spans[0].start == 0
    assert spans[-1].end == len(text.rstrip())


def test_a_folder_that_holds_no_labelling_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="labels words"):
        name_finder(Names(backend="transformers", model=str(tmp_path)))


def test_split_handles_of_a_corpus_are_joined_and_keep_their_label() -> None:
    one = labelled(
        ["thanks", "@", "anna_b", "and", "Bob", "Ray"], ["O", "O", "B-PER", "O", "B-PER", "I-PER"], "btc"
    )
    assert one.words == ("thanks", "@anna_b", "and", "Bob", "Ray")
    assert one.labels == ("O", "B-PERSON", "O", "B-PERSON", "I-PERSON")
    assert gold(one, "PERSON") == [(1, 2), (3, 5)]


def test_the_roles_of_contracts_are_no_people() -> None:
    one = labelled(["Borrower", ":", "Bing", "Yu"], ["I-PER", "O", "I-PER", "I-PER"], "sec")
    assert one.labels == ("O", "O", "B-PERSON", "I-PERSON")


def test_a_folder_without_corpora_says_which_files_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="wnut17_train"):
        list(corpora.read(tmp_path))


def tiny_corpus(folder: Path) -> None:
    people = ["Anna Berg", "Tom Field", "Maria Lopez", "Ian Wood", "Nora Quist"]
    rows = []
    for at in range(300):
        first, last = people[at % 5].split()
        rows.append(
            {
                "tokens": ["I", "met", first, last, "in", "Ulm", "."],
                "tags": ["O", "O", "B-PER", "I-PER", "O", "B-LOC", "O"],
            }
        )
        rows.append({"tokens": ["It", "was", "a", "good", "day", "."], "tags": ["O"] * 6})
    with gzip.open(folder / corpora.FILES[1], "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.mark.slow
def test_the_training_script_makes_a_model_that_finds_names(tmp_path: Path) -> None:
    tiny_corpus(tmp_path)
    out = tmp_path / "tiny.crfsuite"
    call = [sys.executable, "-m", "workbench.names.train", "--corpora", str(tmp_path), "--out", str(out)]
    subprocess.run(
        [*call, "--templates", "60", "--swapped", "60", "--iterations", "15"], check=True, capture_output=True
    )
    model = crf.Model(out)
    chances = model.chances(["I", "met", "Tom", "Field", "in", "Ulm", "."])
    assert [round(each[0]) for each, _ in chances] == [0, 0, 1, 1, 0, 0, 0]
    assert model.card.figures["balanced"]["PERSON"]["masked"] > 0.9
    again = tmp_path / "again.crfsuite"
    subprocess.run(
        [*call[:-1], str(again), "--templates", "60", "--swapped", "60", "--iterations", "15"],
        check=True,
        capture_output=True,
    )
    assert again.read_bytes() == out.read_bytes()


def test_what_is_held_out_is_not_trained_on(tmp_path: Path) -> None:
    tiny_corpus(tmp_path)
    learnt, held = train.material(tmp_path, 20, 20, seed=1)
    assert held
    assert all(one.part == train.HELD_OUT for one in held)
    assert all(one.part != train.HELD_OUT for one in learnt)


def test_the_list_of_names_holds_first_last_and_place_names() -> None:
    known = lexicon()
    assert "F" in known["mary"]
    assert "L" in known["smith"]
    assert "P" in known["london"]
    assert "f" in known["giulia"] or "F" in known["giulia"]
    assert "the" not in known or not set(known["the"]) & set("FfLlPp")


def test_the_list_of_names_is_built_from_the_installed_libraries(tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text("we saw the garden near the old river and then the garden again\n" * 20)
    made = dict(line.rstrip("\n").split("\t") for line in build_lexicon.lines(None, [raw]))
    shipped = lexicon()
    named = {w: re.sub("[^FfLlPp]", "", m) for w, m in made.items()}
    assert {w: m for w, m in named.items() if m} == {
        w: re.sub("[^FfLlPp]", "", m) for w, m in shipped.items() if re.search("[FfLlPp]", m)
    }
    assert made["garden"].endswith("w")
    assert all(w == unicodedata.normalize("NFC", w) for w in made)
