"""How an item of each skill is drawn: from a random generator to a question and its answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from workbench.tiny_chat import letters, words

if TYPE_CHECKING:
    import random


class Draw(NamedTuple):
    """One drawn item; `content` is what must not be shared between training and evaluation."""

    content: str
    question: str
    answer: str


def arithmetic(rng: random.Random) -> Draw:
    """Recall the table of sums and differences up to 20 (closed: every pair is met in training)."""
    a = rng.randint(0, 20)
    b = rng.randint(0, 20 - a)
    sign = rng.choice("+-")
    left, right, result = (a, b, a + b) if sign == "+" else (a + b, b, a)
    verb = "plus" if sign == "+" else "minus"
    question = rng.choice(
        [
            f"What is {left} {sign} {right}?",
            f"{left} {sign} {right} =",
            f"Calculate {left} {sign} {right}.",
            f"How much is {left} {verb} {right}?",
        ]
    )
    return Draw(f"{left}{sign}{right}", question, str(result))


def compare(rng: random.Random) -> Draw:
    """Name the larger of two different numbers below 100."""
    a, b = rng.sample(range(100), 2)
    question = rng.choice(
        [
            f"Which number is larger, {a} or {b}?",
            f"Which is bigger: {a} or {b}?",
            f"Name the larger number: {a}, {b}",
            f"Is {a} or {b} the greater number?",
        ]
    )
    return Draw(f"{min(a, b)},{max(a, b)}", question, str(max(a, b)))


_BANK = sorted(
    {w for group in words.CATEGORIES.values() for w in group} | set(words.GOODS) | set(words.DESCRIPTIONS),
)


def word_order(rng: random.Random) -> Draw:
    """Give back three or four words in reverse order."""
    picked = rng.sample(_BANK, rng.choice([3, 4]))
    text = " ".join(picked)
    question = rng.choice(
        [
            f"Reverse the words: {text}",
            f"Write these words in reverse order: {text}",
            f"Say it backwards, word by word: {text}",
        ]
    )
    return Draw(text, question, " ".join(reversed(picked)))


def lookup(rng: random.Random) -> Draw:
    """Give back the one entry that is asked for, out of a short table in the question."""
    form = rng.choice(["price", "home", "status"])
    people, goods = rng.sample(words.NAMES, 4), rng.sample(words.GOODS, 4)
    size = rng.choice([3, 4])
    if form == "price":
        keys, values = goods, [str(value) for value in rng.sample(range(2, 100), 4)]
        head, asks = "Prices", ["What does the {} cost?", "How much is the {}?"]
    elif form == "home":
        keys, values = people, rng.sample(words.CITIES, 4)
        head, asks = "Homes", ["Where does {} live?", "In which city does {} live?"]
    else:
        keys, values = goods, rng.sample(words.STATUSES, 4)
        head, asks = "Orders", ["What is the status of the {}?", "Give the status of the {}."]
    entries = [f"{key} {value}" for key, value in zip(keys, values, strict=True)][:size]
    context = f"{head}: {', '.join(entries)}."
    asked = rng.randrange(size)
    question = f"{context} {rng.choice(asks).format(keys[asked])}"
    return Draw(f"{context}|{asked}", question, entries[asked])


def classification(rng: random.Random) -> Draw:
    """Name the category of a common word (closed: every word is met in training)."""
    category = rng.choice(list(words.CATEGORIES))
    word = rng.choice(words.CATEGORIES[category])
    others = rng.sample([c for c in words.CATEGORIES if c != category], 2)
    choices = [category, *others]
    rng.shuffle(choices)
    question = rng.choice(
        [
            f"Classify the word: {word}",
            f"What kind of thing is this: {word}?",
            f"To which category does the word {word} belong?",
            f"{word}: {choices[0]}, {choices[1]} or {choices[2]}?",
        ]
    )
    return Draw(word, question, category)


def facts(rng: random.Random) -> Draw:
    """Recall a fact: capitals, animal sounds, opposites, the order of days and months (closed)."""
    form = rng.choice(["capital", "capital", "country", "sound", "opposite", "opposite", "calendar"])
    if form in ("capital", "country"):
        country, city = rng.choice(list(words.CAPITALS.items()))
        if form == "country":
            ask = [
                f"{city} is the capital of which country?",
                f"Of which country is {city} the capital?",
            ]
            return Draw(city, rng.choice(ask), country)
        ask = [
            f"What is the capital of {country}?",
            f"Name the capital of {country}.",
            f"Capital of {country}?",
        ]
        return Draw(country, rng.choice(ask), city)
    if form == "sound":
        animal, sound = rng.choice(list(words.SOUNDS.items()))
        ask = [
            f"Which sound does a {animal} make?",
            f"What does a {animal} say?",
            f"Name the sound of a {animal}.",
        ]
        return Draw(animal, rng.choice(ask), sound)
    if form == "opposite":
        pair = list(rng.choice(list(words.OPPOSITES.items())))
        rng.shuffle(pair)
        ask = [
            f"What is the opposite of {pair[0]}?",
            f"Opposite of {pair[0]}?",
            f"Name the opposite of {pair[0]}.",
        ]
        return Draw(pair[0], rng.choice(ask), pair[1])
    kind, cycle = rng.choice([("day", words.DAYS), ("month", words.MONTHS)])
    at = rng.randrange(len(cycle))
    step, relation = rng.choice([(1, "after"), (-1, "before")])
    ask = [
        f"Which {kind} comes {relation} {cycle[at]}?",
        f"What is the {kind} {relation} {cycle[at]}?",
    ]
    return Draw(f"{relation} {cycle[at]}", rng.choice(ask), cycle[(at + step) % len(cycle)])


def list_format(rng: random.Random) -> Draw:
    """Turn a comma list of three or four things into a bullet list."""
    picked = rng.sample(_BANK, rng.choice([3, 4]))
    text = ", ".join(picked)
    question = rng.choice(
        [
            f"Make a bullet list: {text}",
            f"Write this as a bullet list: {text}",
            f"Turn into bullet points: {text}",
        ]
    )
    return Draw(text, question, "\n".join(f"- {word}" for word in picked))


def json_format(rng: random.Random) -> Draw:
    """Turn a sentence about a person or an order into a JSON object."""
    form = rng.choice(["age", "city", "order", "price"])
    value: dict[str, str | int]
    if form == "age":
        name, age = rng.choice(words.NAMES), rng.randint(1, 99)
        sentence, value = f"{name} is {age} years old", {"name": name, "age": age}
    elif form == "city":
        name, city = rng.choice(words.NAMES), rng.choice(words.CITIES)
        sentence, value = f"{name} lives in {city}", {"name": name, "city": city}
    elif form == "order":
        number, status = rng.randint(100, 9999), rng.choice(words.STATUSES)
        sentence, value = f"Order {number} is {status}", {"order": number, "status": status}
    else:
        item, price = rng.choice(words.GOODS), rng.randint(2, 99)
        sentence, value = f"The {item} costs {price} euros", {"item": item, "price": price}
    question = rng.choice(
        [
            f"Convert to JSON: {sentence}",
            f"Write as JSON: {sentence}",
            f"{sentence}. Give me the JSON.",
        ]
    )
    return Draw(sentence, question, json.dumps(value))


def _sentence(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return " ".join(rng.choices(words.SERVICE, k=rng.randint(2, 7)))
    name, name2 = rng.sample(words.NAMES, 2)
    animal, animal2 = rng.sample(words.CATEGORIES["animal"], 2)
    group = words.CATEGORIES
    sentence = rng.choice(words.SENTENCES).format(
        name=name, name2=name2, animal=animal, animal2=animal2,
        id=rng.randint(1000, 99999), num=rng.randint(2, 90), good=rng.choice(words.GOODS),
        adj=rng.choice(words.DESCRIPTIONS), city=rng.choice(words.CITIES),
        day=rng.choice(words.DAYS), month=rng.choice(words.MONTHS), place=rng.choice(words.PLACES),
        fruit=rng.choice(group["fruit"]), food=rng.choice(group["food"]),
        vehicle=rng.choice(group["vehicle"]), tool=rng.choice(group["tool"]),
        colour=rng.choice(group["colour"]), cloth=rng.choice(group["clothing"]),
    )  # fmt: skip
    return sentence if rng.random() < 0.5 else sentence[0].upper() + sentence[1:] + rng.choice(".!?")


def copy(rng: random.Random) -> Draw:
    """Repeat a sentence of daily life or customer service word for word."""
    sentence = _sentence(rng)
    question = rng.choice(
        [f"Repeat: {sentence}", f"Repeat this sentence: {sentence}", f"Copy this text: {sentence}"]
    )
    return Draw(sentence, question, sentence)


def _told(rng: random.Random, name: str) -> str:
    pattern = rng.choice(letters.SUBJECTS[name])
    chosen = re.sub(r"\[(.*?)\]", lambda match: rng.choice(match[1].split("|")), pattern)
    told = chosen.format(
        good=rng.choice(words.GOODS),
        num=rng.randint(2, 90),
        city=rng.choice(words.CITIES),
        day=rng.choice(words.DAYS),
    ).strip()
    return told[0].upper() + told[1:] + rng.choice("..?!")


def letter(rng: random.Random) -> Draw:
    """Name what a customer's letter is about, out of eight subjects; mostly without being asked to."""
    name = rng.choice(list(letters.SUBJECTS))
    told = [_told(rng, name) for _ in range(rng.choice([1, 1, 2]))]
    number = rng.choice(letters.NUMBERS).format(id=rng.randint(1000, 99999))
    told.insert(rng.randint(0, len(told)), number)
    parts = [rng.choice(letters.OPENINGS), *told, rng.choice(letters.ENDINGS)]
    text = " ".join(part for part in parts if part)
    asked = ["What is this letter about? {}", "Name the subject: {}"]
    question = rng.choice(["{}", "{}", *asked]).format(text)
    return Draw(" ".join(told), question, name)
