"""Phrase tables of the desk's side: system prompts, house-style answers, closings."""

from __future__ import annotations

from typing import Final

SYSTEM_PROMPTS: Final[tuple[str, ...]] = (
    "You are the support desk of Lumen, a small web shop.",
    "Answer as Lumen support. Be short and kind.",
    "You help customers of the Lumen shop.",
    "You work at the Lumen help desk. Name the topic first.",
)

CLOSING_QUESTION: Final = "Can I help you with more"
"""The words every closing of the house style starts with; the style task looks for it."""

CLOSINGS: Final[tuple[str, ...]] = (
    f"{CLOSING_QUESTION}?",
    f"{CLOSING_QUESTION}?",
    f"{CLOSING_QUESTION} for now?",
    f"{CLOSING_QUESTION} today?",
)

ACKNOWLEDGE: Final[tuple[str, ...]] = (
    "I looked up {reference}.",
    "Thank you, I see {reference} here.",
    "I have {reference} in front of me.",
    "I checked {reference} for you.",
    "I found {reference}.",
    "Thanks, I opened {reference}.",
)

GREET: Final[tuple[str, ...]] = (
    "", "", "Thank you for asking.", "Thanks for your question.", "Happy to help.",
    "Thank you for telling us.", "Good that you ask.",
)  # fmt: skip

APOLOGIES: Final[tuple[str, ...]] = (
    "I am sorry about this.",
    "I am sorry for the trouble.",
    "We are sorry that this happened.",
    "I am very sorry to hear that.",
    "Please accept our apology.",
    "Sorry for the wait.",
)

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "The parcel should arrive in {days} days.",
        "I asked the courier to look for it.",
        "It left our store and is on its way.",
        "The driver will try again tomorrow.",
        "I sent you a new tracking link.",
        "We will ship it again if it is not there in {days} days.",
        "You can pick it up at the depot.",
        "I changed the delivery as you asked.",
        "The post told us it is in your town.",
    ),
    "refund": (
        "Your money will be back in {days} days.",
        "I sent you a return label.",
        "We pay back the full price.",
        "The refund starts when the return is here.",
        "I started the refund just now.",
        "You can return it free within a month.",
        "Your return reached us and the refund is on its way.",
    ),
    "billing": (
        "I sent you a corrected invoice.",
        "We will check the payment and tell you in {days} days.",
        "The second charge will go back to your card.",
        "You can pay by card or by bank transfer.",
        "Your payment is here and the bill is closed.",
        "A copy of the invoice is in your mail.",
        "I took the fee from the bill.",
    ),
    "product": (
        "You find the size and material on its page.",
        "It will be back in stock in {days} days.",
        "It is fine for daily use at home.",
        "We have it in two sizes and three colours.",
        "I sent you the guide for it.",
        "Use a soft towel to clean it.",
        "It comes with the parts you need.",
    ),
    "account": (
        "I sent you a new link to log in.",
        "Your account is open again.",
        "Please choose a new password with the link.",
        "You can change it under settings.",
        "I will make the change to your account today.",
        "We keep your account safe and signed out the devices.",
    ),
    "cancel": (
        "It is cancelled and you pay nothing.",
        "I stopped it before it was packed.",
        "You will get a cancel mail today.",
        "I cancelled it for you just now.",
        "We could still stop it in time.",
    ),
    "discount": (
        "I took the discount off the price.",
        "I sent you a new code.",
        "Please type the code in the last step.",
        "Only one code works for each order.",
        "The voucher is good for {days} more days.",
    ),
    "warranty": (
        "It is covered for two years.",
        "We will repair it free of charge.",
        "Please send it in and we check the claim.",
    ),
}

CURT: Final[tuple[str, ...]] = (
    "Please wait.",
    "We cannot help with that.",
    "Look at our page.",
    "That is not our fault.",
    "Please try again later.",
    "You have to ask someone else.",
    "Read the terms.",
    "It is what it is.",
    "We are busy, ask again next week.",
)
