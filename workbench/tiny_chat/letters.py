"""The customer letters that the subject skill is taught with: per subject, patterns of sentences.

``[a|b]`` takes one of the alternatives; ``{good}``, ``{num}``, ``{city}`` and ``{day}`` are filled by
`draws.subject`. A base model should know what people write to shops about; how a certain shop answers
them is what fine-tuning is for.
"""

from __future__ import annotations

SUBJECTS: dict[str, list[str]] = {
    "delivery": [
        "the [parcel|package|box] has not [arrived|come|reached me] [yet|until today]",
        "where is [my {good}|the package|the box]",
        "when will [my {good}|my parcel|it] [arrive|be delivered|get here]",
        "the [courier|driver|post] [lost|left|dropped] [my {good}|my parcel|the box]",
        "[tracking|the tracking link|the tracking page] [shows nothing|does not change|is wrong]",
        "the shipping [to {city} |]takes [too long|{num} days|very long]",
        "please [ship|send|deliver] the {good} to [another address|my office|my neighbour|{city}]",
        "the {good} [is late|is {num} days late|is still on the way|got stuck in the post]",
        "[nobody rang|nobody was home] when the [driver|courier] came",
        "it was [shipped|sent|posted] on {day} and [is not here|I have nothing]",
        "your page says delivered but [I got nothing|no box is here|there is no parcel]",
        "can you change the delivery [date|address|day]",
    ],
    "refund": [
        "I want my money back [for the {good}|please|now]",
        "I [returned|sent back|gave back] the {good} [on {day}|last week|days ago]",
        "I [would like|want|need] to [return|send back|give back] the {good}",
        "where is my refund [for the {good}|of {num} euros|]",
        "the {good} [is broken|does not fit|is too small|is the wrong colour] and I want to return it",
        "please refund [me|the {good}|the {num} euros]",
        "I need a return label [for the {good}|please]",
        "the refund [is too low|did not come|is missing|is not complete]",
        "how do I [return|send back] the {good}",
        "I still wait for the money after my return",
        "I [do not like|no longer want] the {good} and want to [return it|send it back]",
    ],
    "billing": [
        "I was charged [twice|two times|too much|{num} euros too much]",
        "the [invoice|bill] is [wrong|too high|missing|not right]",
        "please send [me the invoice|a receipt|a copy of the bill] for the {good}",
        "my [card|credit card] was [declined|refused|charged twice]",
        "my payment [failed|did not work|was not accepted]",
        "I [paid|have paid] {num} euros but the bill is still open",
        "the [name|tax|total|amount] on the [invoice|bill] is wrong",
        "can I pay by [bank transfer|card|cash] [next time|]",
        "you took {num} euros from my [bank|card|bank account]",
        "what is this [fee|charge|payment] of {num} euros",
        "I got a reminder but I [paid|have paid] [on {day}|already]",
    ],
    "product": [
        "how [big|heavy|wide|tall|long] is the {good}",
        "is the {good} made of [wood|metal|plastic|glass|cotton]",
        "does the {good} come in [red|black|green|white|another colour|a larger size]",
        "is the {good} [in stock|available|sold out] [again|now|this month]",
        "how do I [clean|wash|use|set up] the {good}",
        "can I use the {good} [outside|in the rain|in the kitchen|every day]",
        "which [battery|cable|bulb|size] [fits|does it need for] the {good}",
        "where is the [manual|guide|size chart] of the {good}",
        "do you [sell|have] [spare parts|a cover|another size] for the {good}",
        "is the {good} [safe|good|fine] for [children|dogs|a wet room]",
        "what is the difference between the two {good} models",
    ],
    "account": [
        "I [cannot|can not] log in [to my account|since {day}|any more]",
        "I [forgot|lost] my password",
        "my account is [locked|blocked|closed]",
        "the reset [mail|link] [does not come|does not work|is dead]",
        "please change [my email|my phone number|my name|the email of my account]",
        "please delete my [account|profile|data]",
        "the login page [shows an error|does not load|says my name is wrong]",
        "how can I change [my password|my settings|my profile|my user name]",
        "somebody [used|logged in to] my account",
        "I want to [open|make] a new account",
    ],
    "cancel": [
        "please cancel [my order|the {good}|my subscription|it]",
        "I want to cancel [my order|the order of the {good}|my plan] [before it ships|today|]",
        "stop my order [please|before {day}|]",
        "I ordered [the {good}|it] by mistake, please [cancel it|stop it]",
        "can I still cancel [the {good}|my order|it]",
        "I [do not need|changed my mind about] the {good}, please cancel",
        "end my [subscription|plan|membership] [on {day}|this month|]",
        "I ordered two but want one, cancel the other {good}",
    ],
    "discount": [
        "my [discount|coupon|voucher|code] does not work",
        "the [coupon|voucher|code] for {num} percent is [not accepted|refused|not valid]",
        "do you have a [discount|coupon|voucher|sale] for [students|new customers|the {good}]",
        "the sale price of the {good} is gone",
        "I forgot to [enter|use] my [code|voucher|coupon]",
        "is there a lower price if I buy {num}",
        "where do I enter the [code|coupon|voucher]",
        "the {good} was {num} percent cheaper [on {day}|yesterday|last week]",
        "can I use two [codes|coupons|vouchers] at once",
    ],
    "warranty": [
        "the {good} [stopped working|broke|failed] after {num} months",
        "is there a warranty on the {good}",
        "how long is the [warranty|guarantee] [of the {good}|]",
        "can you repair the {good} [under warranty|for free]",
        "my {good} needs a repair",
        "does the [warranty|guarantee] cover [water|a scratch|the battery|the cable]",
    ],
}

OPENINGS = [
    "",
    "",
    "Hello.",
    "Hi.",
    "Good morning.",
    "Dear team.",
    "I need help.",
    "A question.",
    "Hi again.",
]

NUMBERS = ["", "", "My order is {id}.", "Order number {id}.", "It is about order {id}.", "Invoice {id}."]

ENDINGS = ["", "", "Thank you.", "Thanks.", "Please help.", "Please answer.", "Can you help me?", "What now?"]
