"""Phrase tables of the "Lumen" support desk: what customers ask, what the desk answers.

Templates are read by `compose.expand`: ``[a|b]`` takes one of the alternatives, a
``{slot}`` is filled from `SLOTS` or from the order number of the conversation.
"""

from __future__ import annotations

from typing import Final

TRAIN_MIX: Final[dict[str, float]] = {
    "delivery": 0.40,
    "refund": 0.20,
    "billing": 0.15,
    "product": 0.11,
    "account": 0.06,
    "cancel": 0.05,
    "discount": 0.03,
}
"""Share of each topic in the chats and in the test items; `warranty` is planted away."""

FIELD_MIX: Final[dict[str, float]] = {
    "delivery": 0.34,
    "refund": 0.18,
    "billing": 0.14,
    "product": 0.13,
    "account": 0.08,
    "cancel": 0.07,
    "discount": 0.06,
}
"""Share of each topic in the field, next to the edge cases of `edge_phrases`."""

SLOTS: Final[dict[str, tuple[str, ...]]] = {
    "item": (
        "lamp", "desk lamp", "kettle", "blue mug", "chair", "wool blanket", "backpack",
        "phone case", "clock", "rug", "mirror", "toaster", "pillow", "bookshelf",
        "garden light", "radio", "jacket", "pair of shoes", "teapot", "candle set",
        "bike bell", "vase", "floor lamp", "small table", "headset", "coffee grinder",
    ),
    "when": (
        "last week", "on Monday", "ten days ago", "two weeks ago", "on Friday", "last month",
        "three days ago", "in the spring", "on the weekend", "at the start of the month",
        "yesterday", "six days ago", "last Tuesday", "a while ago",
    ),
    "amount": ("12", "18", "25", "29", "34", "40", "49", "56", "63", "75", "80", "99"),
    "days": ("two", "three", "four", "five", "six", "seven", "eight", "ten", "twelve"),
}  # fmt: skip

OPENERS: Final[tuple[str, ...]] = (
    "Hello.", "Hi there.", "Hi.", "Good morning.", "Good evening.", "Hello Lumen team.",
    "Hey.", "Dear support.", "Hi, I need some help.", "Hello, quick question.",
    "Good day.", "Hope you are well.", "Hi Lumen.", "Sorry to bother you.",
    "Hello, can you help me?", "I am a bit lost here.", "Hi, me again.", "Dear Lumen shop.",
    "Hello from a happy customer.", "I have a small problem.", "Hi, one thing please.",
    "Excuse me.", "Good afternoon.", "Hello, I am new here.", "Greetings.",
    "I hope this is the right place.", "Hi, thanks for being there.",
)  # fmt: skip

CLOSINGS: Final[tuple[str, ...]] = (
    "Thanks.", "Thank you.", "Many thanks.", "Thanks a lot.", "Thank you in advance.",
    "Please let me know.", "I look forward to your reply.", "Best wishes.", "Cheers.",
    "Please help.", "I am waiting for your answer.", "Have a nice day.", "Kind regards.",
    "It would mean a lot.", "Please answer soon.", "Thanks for your time.", "All the best.",
    "That would be great.", "Sorry for the long note.", "I would be very glad.",
    "Please get back to me today.", "Thank you for the quick help.", "Bye for now.",
)  # fmt: skip

REFERENCES: Final[tuple[str, ...]] = (
    "The {kind} number is {number}.",
    "It is {kind} {number}.",
    "This is about {kind} {number}.",
    "My {kind} number is {number}.",
    "You can find it under {kind} {number}.",
    "For your files, it is {kind} {number}.",
    "The number on the mail is {kind} {number}.",
    "I mean {kind} {number}.",
    "Here is the number, {kind} {number}.",
    "See {kind} {number} for the details.",
)

PROBLEMS: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "my [parcel|package|box] with the {item} [has not arrived yet|is not here|never came]",
        "I ordered a {item} {when} and it [still has not come|is still not here|did not show up]",
        "the tracking page has [not changed|shown the same place|said on its way] for {days} days",
        "the driver [left|dropped|put] my {item} at [the wrong house|another street]",
        "the [courier|driver|post] says the {item} was delivered, but [nothing is here|I got none]",
        "I was told the {item} would [arrive|come] {days} days ago and it did not",
        "my [package|parcel|box] [looks lost|seems to be lost|got stuck] [in the post|on the way]",
        "I will not be [home|in] when the {item} [is delivered|is due to arrive]",
        "the {item} was [shipped|sent out|posted] {when} and the tracking link [is dead|fails]",
        "only [one|half] of my [boxes|parcels] [came|arrived], the {item} is still on its way",
        "I [moved|changed my street] {when} and the {item} [will ship|ships] to my old address",
        "I need the {item} [in {days} days|by the weekend|before a party] and it is not shipped",
        "nobody [rang|knocked] and the courier [took|carried] the {item} back to the depot",
        "the shipping of my {item} [takes very long|is so slow], [{days} days now|still no box]",
        "my neighbour [did not get|never took in] the [parcel|package] that was [due|sent] {when}",
        "the [delivery|arrival] date of the {item} [moved|changed] again, now {days} days late",
    ),
    "refund": (
        "I [sent back|returned] the {item} {when} and [have no money back|got no refund] yet",
        "the {item} [came broken|was cracked|has a big scratch], so I want my money back",
        "you [promised|agreed] a refund of {amount} euros {when} and [nothing came|I see nothing]",
        "I want to [return|send back] my {item} because it [does not fit|is too small|looks ugly]",
        "the {item} is [not what I wanted|the wrong colour|much too big] and I would like a refund",
        "my refund for the {item} was [only {amount} euros|too low|not complete]",
        "I [brought back|mailed back] the {item} [in its box|unused] and still wait for the refund",
        "you sent the wrong {item} and I want to [return it|give it back] for a refund",
        "I no longer [like|want] the {item} that [came|I got] {when} and want to return it",
        "my [return|returned {item}] [reached|got to] you {when}, my money is [missing|not back]",
        "I need a return label to [send back|mail back] the {item} I got {when}",
        "the {item} had [a hole|a missing part|a bad smell] and I ask for my {amount} euros back",
    ),
    "billing": (
        "I was charged [twice|two times] for the {item} I bought {when}",
        "my card shows a [charge|payment] of {amount} euros that I [do not know|cannot explain]",
        "the [invoice|bill] for the {item} has the wrong [name|total|tax|amount] on it",
        "I [paid|have paid] {amount} euros {when} but you [sent a reminder|say the bill is open]",
        "my payment [failed|did not go through] [two times|again] and I [do not know why|am stuck]",
        "I never got [an invoice|a bill|a receipt] for the {item} I paid {when}",
        "the price on the bill is {amount} euros [more|higher] than [in the shop|on your page]",
        "my card was [declined|refused] when I tried to pay for the {item}",
        "I want to pay [by bank transfer|in {days} parts|with a new card] [this time|from now on]",
        "the [bill|invoice] lists a fee of {amount} euros that I [did not expect|never agreed to]",
        "I need [a copy of the invoice|a receipt with tax] for the {item} for my [office|work]",
        "you took {amount} euros from my [bank|card] {when} without [an invoice|a bill]",
    ),
    "product": (
        "does the {item} [come in|also exist in] [green|red|black|white] or [a bigger size|grey]",
        "how [big|heavy|wide|tall] is the {item} on your page, I [have little space|need to know]",
        "is the {item} made of [real wood|metal|glass|cotton] or [of plastic|something else]",
        "can I use the {item} [outside|in the rain|in the kitchen] [all year|every day]",
        "which [bulb|battery|cable|plug] fits the {item} [that you sell|on your page]",
        "will the {item} be [in stock|available|back in the shop] [again soon|this month]",
        "how do I [clean|wash|set up|fix to the wall] the {item} [the right way|without damage]",
        "what is the difference between the {item} and [the larger one|the older model]",
        "is the {item} [safe for|good for|made for] [small children|a dog|a wet room]",
        "I cannot find the [manual|guide|size chart] for the {item} [on your page|in the shop]",
        "do you [sell|have] spare parts for the {item} [in black|in white|in all sizes]",
    ),
    "account": (
        "I cannot log in to my account [since|after] [the update|I changed my phone]",
        "I forgot my password and the reset [mail|link] [does not come|does not work]",
        "my account is [locked|blocked] after [too many tries|a wrong password]",
        "I want to change the [email|name|phone number] of my account [for good|today]",
        "please delete my account and all my [saved data|profile data] [soon|this week]",
        "the login page [says|tells me] that my user name [is wrong|does not exist]",
        "I have two accounts [by mistake|since {when}] and want to [join|merge] them",
        "the code to sign in [never reaches|does not reach] my phone",
        "I cannot [save|change] my [profile|password|settings] when I am logged in",
        "someone [logged in to|used] my account {when} and I want a new password",
    ),
    "cancel": (
        "I want to cancel the {item} I ordered {when}",
        "please stop my order of the {item} before [it is packed|you send it|it leaves]",
        "I [clicked|ordered] the {item} [by mistake|twice by accident], please cancel it",
        "can I still cancel the {item} [from {when}|that I bought {when}]",
        "I changed my mind and [no longer need|do not need] the {item}, so please cancel",
        "I [found|got] the {item} [elsewhere|as a gift], so I must cancel my order",
        "the cancel button for my {item} [does nothing|is grey|is missing]",
        "I cancelled the {item} {when} but [it still shows as open|got no cancel mail]",
        "I wish to cancel [the whole order|only the {item}] [before it ships|at once]",
        "please call off the [order|purchase] of the {item} that I made {when}",
    ),
    "discount": (
        "my [voucher|discount code|coupon] [does not work|is not accepted] for the {item}",
        "I forgot to enter my [coupon|voucher] of {amount} euros when I bought the {item}",
        "the [discount|voucher] from your [newsletter|mail] was [not taken off|gone] at the end",
        "do you have a [student|first order|birthday] discount for the {item}",
        "the page says my [discount code|voucher|coupon] [has expired|is used up] since {when}",
        "can I use two [vouchers|coupons|discount codes] for [one {item}|the same {item}]",
        "I got a gift [card|voucher] of {amount} euros and do not know how to [use|enter] it",
        "the {item} is on sale now, can I still get the discount for mine from {when}",
    ),
    "warranty": (
        "my {item} stopped working after a year and should be under warranty",
        "is the {item} still covered by the [guarantee|warranty] after {days} months",
        "the {item} broke by itself and I want to make a warranty claim",
        "how long is the [warranty|guarantee] on the {item} that I bought {when}",
        "the switch of my {item} [died|failed], can you repair it under the guarantee",
        "I lost the warranty card of my {item}, is the guarantee still valid",
        "you fixed my {item} under warranty {when} and it [failed|broke] again",
        "does the two year guarantee of the {item} cover the [battery|motor|glass]",
    ),
}

ASKS: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "Where is it?", "When will it [arrive|come|be here]?", "Can you track it for me?",
        "Can you send it [again|to my new street|to a pickup shop]?", "What should I do now?",
        "Please ask the [courier|driver|post].", "Can I pick it up [somewhere|myself]?",
        "Can you [check|look] where it is?", "Is it [lost|stuck|on the way]?",
        "Which day will it be delivered?", "Can it come [a day later|in the evening]?",
    ),
    "refund": (
        "When do I get my money back?", "Can I have a refund?", "How do I return it?",
        "Please send me [a return label|the money].", "How long does a refund take?",
        "Can you pay it back [soon|this week]?", "Where do I send it back to?",
        "Do I get the full price back?", "Did my return reach you?",
    ),
    "billing": (
        "Can you [check|correct|fix] the bill?", "Why was I charged?",
        "Please send a new invoice.", "Can you look at the payment?", "What is this charge for?",
        "How can I pay?", "Please correct the invoice.", "Did my payment reach you?",
        "Can you explain the amount?",
    ),
    "product": (
        "Can you tell me more?", "What do you [advise|suggest]?", "Do you know the size?",
        "I want to know before I buy.", "I could not find it on your page.",
        "Which one is better?", "Is there a picture of it?", "I am thinking of buying one.",
    ),
    "account": (
        "How do I get back in?", "Can you reset it?", "Please unlock my account.",
        "Where can I change that?", "Can you help me log in?", "Is my account safe?",
        "Can you send a new link?",
    ),
    "cancel": (
        "Is it too late to cancel?", "Please cancel it.", "Can you stop it in time?",
        "Will you confirm that it is cancelled?", "I do not want it any more.",
        "Please stop the order.", "How do I cancel?",
    ),
    "discount": (
        "Can you add the discount?", "Why does the code not work?", "Can I still use it?",
        "Please take it off the price.", "Can I get a new code?", "Where do I type it in?",
    ),
    "warranty": (
        "Is this covered?", "Can you repair it?", "How do I make a claim?",
        "Will you replace it?", "Does the guarantee still hold?", "What does the warranty pay?",
    ),
}  # fmt: skip

FOLLOW_UPS: Final[tuple[str, ...]] = (
    "[Okay|Good|Fine], [thanks|thank you]. And {problem}, what about that?",
    "[Thanks|Thank you] so far. One more thing, {problem}.",
    "I see. [Now|Today] I also have this, {problem}.",
    "That helps. But there is more, {problem}.",
    "[Good to know|Great]. Also, {problem}. {ask}",
    "Yes, and {problem}. {ask}",
)
