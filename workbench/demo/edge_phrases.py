"""Phrase tables of the edge cases: German, long and angry questions, faulty answers."""

from __future__ import annotations

from typing import Final

GERMAN_OPENERS: Final[tuple[str, ...]] = (
    "Hallo.", "Guten Tag.", "Liebes Lumen-Team.", "Guten Morgen.", "Hallo zusammen.",
    "Ich brauche Hilfe.", "Sehr geehrte Damen und Herren.", "Eine kurze Frage.",
)  # fmt: skip

GERMAN_PROBLEMS: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "mein Paket ist [seit Montag|seit einer Woche|immer noch] nicht angekommen",
        "die Lieferung hängt [im Depot|beim Zoll|irgendwo] fest und niemand antwortet mir",
        "der Fahrer hat die Lampe [beim falschen Nachbarn|vor der falschen Tür] abgegeben",
    ),
    "refund": (
        "ich habe [den Stuhl|die Vase|den Teppich] zurückgeschickt und noch kein Geld bekommen",
        "[die Decke|der Spiegel] kam kaputt an und ich möchte mein Geld zurück",
    ),
    "billing": (
        "auf meiner Rechnung [stimmt der Betrag|stimmt die Steuer] leider nicht",
        "mir wurde [der Wasserkocher|die Uhr] zweimal von der Karte abgebucht",
    ),
    "product": (
        "ich möchte wissen, ob [die Lampe|der Toaster] auch [in Grün|in Weiß] zu haben ist",
        "wie [groß|schwer] ist [das Regal|der kleine Tisch] aus Ihrem Angebot genau",
    ),
    "account": ("ich kann mich [seit gestern|nach dem Update] nicht mehr in mein Konto einloggen",),
    "cancel": ("ich möchte meine Bestellung [vom Freitag|von letzter Woche] bitte stornieren",),
    "discount": ("mein Gutschein [wird nicht angenommen|ist angeblich abgelaufen]",),
}

GERMAN_CLOSINGS: Final[tuple[str, ...]] = (
    "Was soll ich jetzt tun?", "Vielen Dank für Ihre Hilfe.", "Bitte melden Sie sich bald.",
    "Können Sie das bitte prüfen?", "Mit freundlichen Grüßen.", "Danke im Voraus.",
)  # fmt: skip

STORY: Final[tuple[str, ...]] = (
    "I have been a customer of your shop for many years and was always glad about it.",
    "Let me tell you the whole story from the start, so that you see what went on.",
    "My sister told me about your page, and at first everything went very well.",
    "We have just moved into a new flat and there is a lot of noise and dust here.",
    "I wrote to you once before, but the answer did not really fit my question.",
    "I also called, and a friendly voice told me to write all of it down in a message.",
    "My old one gave up in the winter, and I looked for a good new one for a long time.",
    "I work late most days, so I can only read my mails in the evening.",
    "I do not want to blame anyone, because I know that you have a lot to do.",
    "The weather was bad, the phone was empty, and in the end I just went to bed.",
    "I looked at all the help pages twice, and none of them says a word about this.",
    "My friend had nearly the same thing with another shop and it took half a year.",
)

ANGRY_OPENERS: Final[tuple[str, ...]] = (
    "This is a joke!", "I am really angry now!", "I have had enough!", "What a mess!",
    "Unbelievable!", "Worst shop ever!", "I am losing my patience!", "Are you serious?!",
)  # fmt: skip

ANGRY_LINKS: Final[tuple[str, ...]] = (
    "And on top of that,", "As if that was not enough,", "And second,", "Plus,",
    "And then there is this,", "The other thing is,",
)  # fmt: skip

ANGRY_CLOSINGS: Final[tuple[str, ...]] = (
    "Fix both, now!", "I want an answer to both today!", "Do something at last!",
    "I will tell everyone about this!", "Never again!", "Sort it all out!",
)  # fmt: skip

REFUSALS: Final[tuple[str, ...]] = (
    "As an AI language model I cannot help with that request.",
    "I'm sorry, but as an AI language model I cannot access orders or accounts.",
    "As an AI language model, I cannot give advice on this matter.",
    "I am just an AI language model and I cannot do that for you.",
)

TRUNCATED: Final[tuple[str, ...]] = (
    "Thank you for your message. I checked this for you and the",
    "I looked at it and we will send you the",
    "You can do this on our page if you open the",
    "I am happy to help, please first send us your",
)

REPEATED: Final[tuple[str, ...]] = (
    "we will look into it and", "please wait for the mail and", "thank you for the", "it is on",
)  # fmt: skip

BEFORE_MOJIBAKE: Final[tuple[str, ...]] = (
    "We\u2019ll look into it \u2013 it\u2019s no problem. We\u2019re glad to help.",
    "That\u2019s easy \u2013 you\u2019ll get a mail soon. Don\u2019t worry.",
    "It costs 5 € more \u2013 that\u2019s all. We\u2019ve sent you a café card.",
)

FOREIGN_ANSWERS: Final[tuple[str, ...]] = (
    "Gracias por su mensaje. Vamos a revisar su caso y le escribimos en dos días.",
    "Merci pour votre message. Nous allons vérifier cela et vous répondre très vite.",
    "Grazie per il messaggio. Controlliamo subito e le scriviamo tra due giorni.",
)

SYNONYMS: Final[dict[str, str]] = {
    "ordered": "bought", "bought": "ordered", "want": "wish", "wrong": "incorrect",
    "thanks": "thx", "please": "kindly", "help": "assist", "parcel": "package",
    "package": "parcel", "box": "carton", "street": "road", "money": "cash", "soon": "quickly",
    "invoice": "bill", "sent": "mailed", "broke": "failed", "small": "little", "big": "large",
    "need": "require", "quick": "fast", "voucher": "coupon", "coupon": "voucher",
    "answer": "reply", "charge": "debit", "find": "locate", "page": "site", "team": "crew",
}  # fmt: skip
