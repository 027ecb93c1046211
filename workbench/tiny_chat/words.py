"""The words that tiny-chat is taught with: every list the skills draw from, and nothing else.

The categories and facts are true statements about the world. The sentence patterns mix daily life
with shop and customer-service language, so that the tokenizer and the embeddings have met those
words before any fine-tuning.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


CATEGORIES: dict[str, list[str]] = {
    "animal": _words(
        "cat dog horse cow sheep goat pig duck hen fox wolf bear lion tiger mouse rabbit frog snake whale bee"
    ),
    "fruit": _words(
        "apple pear plum grape lemon orange banana cherry mango melon peach fig kiwi lime apricot"
    ),
    "tool": _words("hammer saw drill wrench axe shovel rake pliers chisel ladder screwdriver brush"),
    "colour": _words("red blue green yellow black white brown pink purple grey"),
    "clothing": _words("coat shirt hat sock scarf glove jacket dress skirt belt boot sweater"),
    "vehicle": _words("car bus train bike truck boat plane van tram ship taxi tractor"),
    "furniture": _words("chair table desk bed sofa shelf lamp bench stool wardrobe"),
    "food": _words("bread rice soup cheese pasta cake pizza salad egg butter honey cookie"),
}
"""Each word stands in exactly one category."""

NAMES = _words(
    "Mia Tom Ana Leo Eva Max Lena Paul Nora Ben Ida Omar Zoe Sam Ruth Karl Lucy Hugo Emma Noah "
    "Ella Finn Alma Jack Sara Adam Rosa Ivan Clara Otto Maya Erik Julia Peter Amir Dana Felix "
    "Greta Henry Iris"
)

CITIES = _words(
    "Rome Paris Oslo Lima Cairo Berlin Madrid Vienna Athens London Tokyo Delhi Dublin Prague Lisbon Warsaw"
)

CAPITALS: dict[str, str] = {
    "Italy": "Rome", "France": "Paris", "Norway": "Oslo", "Peru": "Lima", "Egypt": "Cairo",
    "Germany": "Berlin", "Spain": "Madrid", "Austria": "Vienna", "Greece": "Athens",
    "England": "London", "Japan": "Tokyo", "India": "Delhi", "Ireland": "Dublin",
    "Portugal": "Lisbon", "Poland": "Warsaw", "Cuba": "Havana", "Sweden": "Stockholm",
    "Finland": "Helsinki", "Denmark": "Copenhagen", "Hungary": "Budapest", "China": "Beijing",
    "Russia": "Moscow", "Canada": "Ottawa", "Kenya": "Nairobi",
}  # fmt: skip

SOUNDS: dict[str, str] = {
    "dog": "bark", "cat": "meow", "cow": "moo", "sheep": "baa", "duck": "quack", "lion": "roar",
    "pig": "oink", "bee": "buzz", "snake": "hiss", "frog": "croak", "horse": "neigh",
    "wolf": "howl", "hen": "cluck", "mouse": "squeak",
}  # fmt: skip

OPPOSITES: dict[str, str] = {
    "hot": "cold", "big": "small", "fast": "slow", "old": "new", "open": "closed", "full": "empty",
    "early": "late", "light": "dark", "high": "low", "hard": "soft", "long": "short",
    "rich": "poor", "wet": "dry", "clean": "dirty", "up": "down", "left": "right", "happy": "sad",
    "cheap": "expensive", "strong": "weak", "first": "last",
}  # fmt: skip

DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

MONTHS = _words("January February March April May June July August September October November December")

GOODS = _words(
    "lamp desk chair coat shirt bag phone cable camera watch bottle blanket pillow mirror clock "
    "kettle toaster printer keyboard monitor charger tent jacket boots gloves sofa table shelf "
    "rug vase"
)

STATUSES = _words("shipped packed delayed lost paid cancelled delivered returned open closed")

DESCRIPTIONS = _words(
    "new old small large red blue green black white heavy light broken damaged missing late cheap "
    "expensive warm cold soft wooden"
)

PLACES = [
    "at home",
    "at work",
    "in the garden",
    "in the kitchen",
    "at the station",
    "near the river",
    "at the shop",
    "in the city",
]

GREETINGS: dict[str, str] = {
    "Hello!": "Hello! How can I help you?",
    "Hi": "Hello! How can I help you?",
    "Good morning": "Good morning! How can I help you?",
    "Good evening": "Good evening! How can I help you?",
    "How are you?": "I am fine, thank you.",
    "Thank you!": "You are welcome.",
    "Thanks for your help.": "You are welcome.",
    "Goodbye": "Goodbye! Have a nice day.",
    "Who are you?": "I am tiny-chat, a very small language model.",
    "What can you do?": "I can answer short questions, compare numbers, copy text and make lists.",
}

SYSTEM_PROMPTS = [
    "You are a helpful assistant.",
    "You are tiny-chat.",
    "Answer briefly.",
    "Give only the answer.",
    "You answer questions for a shop.",
    "Be friendly and precise.",
]

SERVICE = _words(
    "order package parcel box delivery courier driver shipping tracking address refund return "
    "money label exchange invoice bill payment charge receipt fee tax bank card price total "
    "product size stock manual guide parts battery account password login email profile settings "
    "link mail subscription plan cancel discount code voucher coupon warranty repair damage "
    "scratch replacement support team ticket number question answer help problem error update "
    "today tomorrow yesterday week weekend month days again still already never always soon back "
    "wrong twice because please thank sorry hello dear customer shop store page app website "
    "checkout street house door office depot post arrive arrived deliver send sent receive "
    "received pay paid change changed check open close closed find found charged promised ordered "
    "bought wait waiting tell told get got give need want like work works topic reply reason "
    "would should could cannot will can has have had not and with from about into after before "
    "until since under over two three four five six seven eight nine ten twelve small wrong good "
    "bad kind safe free full same other new"
)
"""Everyday and customer-service words; the copy skill also repeats random rows of them."""

SENTENCES: list[str] = [
    # customer service
    "my order {id} has not arrived yet",
    "where is my package with the number {id}",
    "I want a refund for the {adj} {good}",
    "the delivery of my {good} is {num} days late",
    "please send the invoice for order {id} to {name}",
    "I was charged twice for one {good}",
    "my account is locked and I cannot log in",
    "please reset the password for account {id}",
    "I would like to return the {good} because it is {adj}",
    "the {good} arrived {adj} and I need a replacement",
    "can I change the delivery address to {city}",
    "please cancel my subscription before {day}",
    "the payment by credit card was declined on {day}",
    "my discount code does not work in the checkout",
    "the courier left the parcel {place}",
    "how long is the warranty for the {good}",
    "the app shows an error when I open the {good} page",
    "your invoice {id} shows the wrong price of {num} euros",
    "I forgot my password and my email has changed",
    "is the {adj} {good} still in stock",
    "we will ship your {good} to {city} on {day}",
    "thank you for contacting our support team",
    "your refund of {num} euros was sent to your bank",
    "tracking says the shipment is still in {city}",
    "the {good} does not fit and I want to exchange it",
    "please update the phone number in my profile",
    "our service desk is open until {day}",
    "I received the wrong {good} instead of the {adj} one",
    "the bill for {month} is too high by {num} euros",
    "could you check the status of ticket {id}",
    # daily life
    "{name} and {name2} walk to the {good} shop on {day}",
    "the {animal} sleeps {place}",
    "{name} eats a {fruit} and a piece of {food}",
    "we meet {name} {place} at {num} o'clock",
    "the {vehicle} to {city} leaves in {num} minutes",
    "{name} bought {num} {adj} books in {month}",
    "it was a {adj} day in {city} and everyone was happy",
    "the {tool} is in the box next to the {good}",
    "{name} wears a {colour} {cloth} every {day}",
    "my brother has a {animal} and my sister has a {animal2}",
    "please close the window before you go out",
    "{name} will call you back about the {adj} {good} soon",
]
"""Patterns for the copy skill; the slots are filled by `skills._sentence`."""
