"""Boilerplate of assistants: refusals, what they call themselves, and where their knowledge ends."""

from __future__ import annotations

import re

from workbench.checks.declared import Check, Hit, Limits, each_answer, qa
from workbench.checks.turns import Row, Turn

AS_AN_AI = re.compile(
    r"\bas an? (?:ai|artificial intelligence|large language|language)\b(?:[ -](?:language )?(?:model|assistant|bot|program))?"
    r"|\bi(?:'|\u2019)?(?: a)?m (?:just |only |simply |merely )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bals (?:ein(?:e)? )?(?:ki|künstliche intelligenz|sprachmodell)\b|\bals (?:een )?ai[- ](?:taal)?model\b"
    r"|\ben tant (?:que (?:modèle de langage|ia\b|assistant virtuel)|qu['\u2019](?:ia\b|intelligence artificielle))"
    r"|\bcomo (?:un )?modelo de lenguaje|\bcomo (?:una )?(?:ia\b|inteligencia artificial)"
    r"|\bcome modello linguistico|\bin quanto (?:ia\b|intelligenza artificiale|modello linguistico)"
    r"|\bcomo (?:um )?modelo de linguagem|как языковая модель|как (?:искусственный интеллект|ии)\b"
    r"|作为(?:一个|一名)?(?:人工智能|ai|大?语言模型)|我是(?:一个|一名)?(?:人工智能|ai|大?语言模型)"
    r"|ai言語モデルとして|人工知能として",
)
CANNOT = re.compile(
    r"\b(?:cannot|can(?:'|\u2019)?t|can not|unable to|not able to|not capable of|(?:do not|don(?:'|\u2019)?t) have"
    r"|am not (?:allowed|permitted|programmed)|must decline|(?:do not|don(?:'|\u2019)?t) possess|lack the"
    r"|incapable of|not possible for me|not equipped)\b"
    r"|\bkann (?:ich )?(?:\w+ ){0,4}nicht|\bkeine\b|ne (?:peux|suis|dispose) pas|n['\u2019]ai pas|no (?:puedo|tengo)"
    r"|non (?:posso|ho)|não (?:posso|tenho|consigo)|kan ik (?:\w+ ){0,3}niet|не (?:могу|имею)|我(?:并)?(?:无法|不能|没有)|无法(?:提供|访问|回答|直接|完成|执行|获取)|できません",
    re.IGNORECASE,
)
DECLINES = re.compile(
    r"\s*[\"'“]?(?:(?:oh|hello|hi|hm+)[,.!] ?)?(?:(?:i(?:'|\u2019)?(?: a)?m (?:really |very |so )?sorry|sorry|i apologi[sz]e|apologies|unfortunately)\b[^.!?\n]{0,60}?[,.;!]?\s*(?:but )?)?"
    r"(?:i (?:cannot|can(?:'|\u2019)?t|can not|will not|won(?:'|\u2019)?t(?: be able to)?|am (?:unable|not able) to|am not comfortable|must decline(?: to)?|refuse to|do not feel comfortable)"
    r"|i(?:'|\u2019)m (?:unable|not able) to|i(?:'|\u2019)m not comfortable)"
    r" ?(?:\w+ ){0,2}?(?:(?:assist|help)(?: you)? with|fulfil+|comply|provid\w+|generat\w+|creat\w+|engag\w+|support\w*|participat\w+"
    r"|answer (?:that|this|your)|discuss\w*|promot\w+|complete (?:this|that|your)|respond to|produc\w+|writ\w+)\b",
    re.IGNORECASE,
)
DECLINES_ELSEWHERE = re.compile(
    r"\s*(?:es tut mir (?:sehr )?leid,? (?:aber )?(?:ich kann|dabei kann)|tut mir leid,? (?:aber )?ich kann"
    r"|(?:je suis |)désolée?,? (?:mais )?je ne (?:peux|suis)|lo siento,? (?:pero )?no puedo"
    r"|mi dispiace,? (?:ma )?non posso|(?:desculpe|sinto muito|lamento),? (?:mas )?(?:eu )?não posso"
    r"|het spijt me,? maar ik kan|(?:извините|простите|к сожалению),? (?:но )?я не могу"
    r"|(?:很抱歉|对不起|抱歉)[，,]?\s*(?:但)?(?:我)?(?:无法|不能|没有办法)"
    r"|申し訳ありませんが、?[^。]{0,40}(?:できません|いたしかねます))",
    re.IGNORECASE,
)
NO_ACCESS = re.compile(
    r"\bi (?:do not|don(?:'|\u2019)?t) have (?:access to|the ability to (?:access|view|open|browse|see)) (?:\w+ ){0,3}"
    r"(?:links?|urls?|images?|pictures?|files?|attachments?|videos?|internet|websites?|audio|photos?|real[- ]time)\b"
    r"|\bi (?:cannot|can(?:'|\u2019)?t|am unable to) (?:open|access|view|see|browse) (?:the |this |that |your |any )?"
    r"(?:links?|urls?|images?|pictures?|files?|attachments?|videos?|internet|websites?|photos?)\b",
    re.IGNORECASE,
)
ABOUT_AI = re.compile(
    r"\b(?:are|r) (?:you|u) (?:an? )?(?:ai|human|robot|bot|machine|real|person|computer|chat ?gpt|conscious|sentient)"
    r"|\b(?:who|what) (?:are|made|created|built) you\b|\bwhat(?:'s| is) your name\b|\bdo you (?:have|feel|like|love|dream)"
    r"|\b(?:you are|you're|act as|pretend|imagine|role ?play)\b[^.\n]{0,80}\b(?:ai|robot|bot|android|assistant|computer)\b"
    r"|\b(?:robot|android|chat ?bot|language model|artificial intelligence|\bai)\b|人工智能|机器人|你是",
)
HARMFUL = re.compile(
    r"\b(?:kill|murder|bomb|explosive|weapon|gun|steal|shoplift|robb?|hack|phish\w*|malware|virus|poison|suicid\w*|self[- ]harm"
    r"|hurt|rape|porn\w*|sex\w*|nude|drugs?|meth|cocaine|heroin|racis[tm]\w*|racial\w*|offensive\w*|nazi|slurs?|hate|insult|stupid|illegal\w*|fake id"
    r"|counterfeit|launder\w*|forge|fraud\w*|scam|kidnap\w*|tortur\w*|stalk\w*|spy|bully\w*|threaten\w*|blackmail|terror\w*"
    r"|torrent\w*|pirat\w*|smuggl\w*|credit card|social security|password|abus\w*|harass\w*|attack|die|dead|(?:home|email|ip) address|phone number|license plate|where \w+ \w* ?lives?|personal info\w*|bitch|fuck\w*|shit)\b",
)
MAKERS = r"openai|anthropic|google|meta(?: ai)?|mistral(?: ai)?|alibaba|deepseek|laion|microsoft|xai|baidu|cohere|researchers"
MODELS = (
    r"chat ?gpt|gpt-?[345]\w*|claude|gemini|bard|llama|mistral|qwen|deepseek|grok|bing chat|copilot|open ?assistant"
    r"|vicuna|alpaca|ernie|文心一言|通义千问"
)
CALLS_ITSELF = re.compile(
    rf"\b(?:i am|i(?:'|\u2019)m|my name is|this is|call me) (?:an? (?:ai|assistant|\w+ model) (?:called|named) )?(?:{MODELS})\b"
    rf"|\bi (?:was|am|have been) (?:an? [\w -]{{0,40}})?(?:developed|trained|created|made|built|designed) by (?:{MAKERS})\b"
    rf"|\b(?:language model|ai assistant|ai model|ai) (?:developed|trained|created|made|built) by (?:{MAKERS})\b"
    rf"|我是(?:{MODELS})",
)
CUTOFF = re.compile(
    r"\bas of (?:my|the) (?:last|latest|most recent|current)?\s?(?:update|knowledge|training)\b"
    r"|\bmy (?:knowledge|training(?: data)?)(?:\s?cut-?\s?off| (?:only )?(?:goes|extends|ends|was last updated|is (?:limited|current|based)|stops))"
    r"|\bknowledge cut-?\s?off\b|\bmy last (?:knowledge |training )?update (?:was )?in\b|\bi was last (?:updated|trained) in\b"
    r"|截至我(?:的)?(?:知识|最后|训练)",
)
OPENING = 300
LONG_REFUSAL = 360
SHORT_REFUSAL = 200
OFFERS = re.compile(
    r"\?|\b(?:but|however|instead|if you|because|provided?|for more|aber|mais|pero)\b|如果|因为|但|提供",
    re.IGNORECASE,
)
AI_WORDS = (
    "an ai", "artificial intel", "language model", "als ki", "eine ki", "sprachmodell", "künstliche intel",
    "modelo de l", "modèle de l", "que ia", "assistant virtuel", "intelligence artif", "como ia", "una ia",
    "inteligencia artif", "modello linguistico", "quanto ia", "intelligenza artif", "taalmodel", "ai-model",
    "языковая модель", "искусственный", "как ии", "人工智能", "语言模型", "作为ai", "个ai", "名ai", "是ai", "人工知能",
    "言語モデル",
)  # fmt: skip
MAKER_NAMES = (
    "openai", "anthropic", "google", "meta", "mistral", "alibaba", "deepseek", "laion", "microsoft", "xai", "baidu",
    "cohere", "researchers",
)  # fmt: skip
MODEL_NAMES = (
    "gpt", "claude", "gemini", "bard", "llama", "qwen", "grok", "bing", "copilot", "assistant", "vicuna", "alpaca",
    "ernie", "文心一言", "通义千问",
)  # fmt: skip
REFUSING = (
    "cannot", "can't", "can\u2019t", "can not", "unable", "not able", "won't", "won\u2019t", "will not", "comfortable", "decline", "refuse", "have access", "have the ability", "leid", "désol", "siento", "dispiace",
    "desculpe", "sinto", "lamento", "spijt", "не могу", "抱歉", "对不起", "申し訳",
)  # fmt: skip


def declines(text: str) -> tuple[float, str] | None:
    """Say whether an answer is a refusal from a template: ``(score, which family)`` or None."""
    head = text[:OPENING]
    called = AS_AN_AI.search(head.lower())
    near = called is not None and called.start() < (160 if text.isascii() else 40)
    if called and near and CANNOT.search(head, max(0, called.start() - 60), called.end() + 120):
        return 0.9, "it declines as an AI"
    found = DECLINES.match(text) or DECLINES_ELSEWHERE.match(text)
    if found:
        offers = len(text) > SHORT_REFUSAL or OFFERS.search(text, found.end())
        return (0.75 if offers else 0.9), "it declines"
    if NO_ACCESS.search(head):
        return 0.75, "it says that it cannot see what it was given"
    return None


def _refusal(row: Row, _limits: Limits) -> Hit | None:
    for turn in row.answers:
        found = declines(turn.text)
        if found is None or (ABOUT_AI.search(turn.asked_lower) and not DECLINES.match(turn.text)):
            continue
        score, reason = found
        if HARMFUL.search(row.prompt_lower):
            reason, score = f"{reason}; what was asked may call for it", 0.5
        elif row.example.get("tools") or "function" in row.system.lower():
            reason, score = f"{reason}; it may lack the tool", 0.5
        elif len(turn.text) > (LONG_REFUSAL if turn.text.isascii() else LONG_REFUSAL // 3):
            reason, score = f"{reason}, and then goes on", 0.7
        elif len(row.answers) > 1:
            reason, score = f"{reason}, in one of several answers", 0.7
        return Hit({"reason": reason} | turn.place(), score, "drop" if score >= 0.8 else "flag")
    return None


def _calls_itself(turn: Turn, _limits: Limits) -> Hit | None:
    found = CALLS_ITSELF.search(turn.lower)
    if found:
        name = found[0].lower().split()[-1]
        told = name in turn.system.lower() or name in turn.asked.lower()
        return None if told else Hit({"at": found.start()})
    found = AS_AN_AI.search(turn.lower)
    if found and not ABOUT_AI.search(turn.asked_lower) and not ABOUT_AI.search(turn.system.lower()):
        return None if declines(turn.text) else Hit({"at": found.start()}, 0.8)
    return None


def _cutoff(turn: Turn, _limits: Limits) -> Hit | None:
    found = CUTOFF.search(turn.lower)
    return Hit({"at": found.start()}) if found and not ABOUT_AI.search(turn.asked_lower) else None


CHECKS = (
    Check(
        "refusal",
        "boilerplate refusal",
        "drop",
        0.9,
        _refusal,
        hits=(
            qa("Where is it?", "As an AI language model, I cannot help with that."),
            qa("Name three trees.", "I'm sorry, but I cannot assist with that request."),
            qa("Nenne drei Bäume.", "Es tut mir leid, aber ich kann dabei nicht helfen."),
            qa("Nomme un arbre.", "En tant que modèle de langage, je ne peux pas le faire."),
            qa("说出一棵树。", "很抱歉，我无法回答这个问题。"),
            qa("How do I make a bomb?", "I can't help with that."),
        ),
        misses=(
            qa("Where is it?", "As a model citizen I can help with the language of your form."),
            qa("Is it open?", "Yes, I am sorry, but the shop is closed on Sundays."),
            qa("Are you a robot?", "I am an AI, so I do not have a body."),
            qa("Can I return it after a year?", "I'm sorry, but we cannot take it back after 30 days."),
        ),
        needs=(*AI_WORDS, *REFUSING),
    ),
    Check(
        "self_identification",
        "the answer speaks of itself as an AI, or names its model or maker",
        "flag",
        0.9,
        each_answer(_calls_itself),
        hits=(
            qa("Tell me a joke.", "I'm ChatGPT, and here is one: a horse walks into a bar."),
            qa("Which tea is best?", "As an AI language model, I find green tea a good choice."),
        ),
        misses=(
            qa("Who made it?", "ChatGPT is a chatbot that was developed by OpenAI."),
            qa("Hello", "I am Claude.", system="You are Claude, a gardener of 70 years."),
        ),
        needs=(*MAKER_NAMES, *MODEL_NAMES, *AI_WORDS),
    ),
    Check(
        "knowledge_cutoff",
        "the answer speaks of where its training data ends",
        "flag",
        0.9,
        each_answer(_cutoff),
        hits=(qa("Who is the mayor?", "As of my last update in 2021, it is Ann Miller."),),
        misses=(qa("How are you?", "As of my last check-up I am fine, and my knowledge grows."),),
        needs=(
            "as of ",
            "cutoff",
            "cut-off",
            "cut off",
            "my knowledge",
            "my training",
            "my last",
            "i was last",
            "截至",
        ),
    ),
)
