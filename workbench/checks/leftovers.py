"""What tools and templates leave behind: placeholders, variables, chat tokens, labels, HTML."""

from __future__ import annotations

import re

from workbench.checks.declared import Check, Hit, Limits, each_answer, qa
from workbench.checks.turns import CODE_SIGNS, CODE_TASK, Row, Turn, without_code

PLACEHOLDER = re.compile(
    r"\[(?:insert|your|enter|add|fill in|type|company|customer|recipient|sender|first|last|full|user)\b[^\]\n]{0,40}\]"
    r"|\[(?:name|date|address|phone(?: number)?|email(?: address)?|link|url|city|amount|title|position|number)\]"
    r"|<(?:insert|your|enter)\b[^>\n]{0,40}>|\byour (?:answer|text|response|name) (?:goes )?here\b|<blank>|\[blank\]"
    r"|\blorem ipsum dolor\b|\bTODO: ?(?:write|add|fill|answer|insert)\b",
    re.IGNORECASE,
)
ASKS_FOR_FORM = re.compile(
    r"\b(?:templates?|letters?|e-?mails?|forms?|contract|invitation|resume|cv|agreement|memo|notice|message|note|speech"
    r"|script|pitch|post|postcard|conversation|lesson|keywords?|proposal|press release|placeholder|lorem|blank|fill|invoice|announcement|certificate|bio"
    r"|advert\w*|ad|flyer|poster|sms|text|tweet|response|reply|greeting|card|checklist|sentence|mail|report|policy)\b",
    re.IGNORECASE,
)
VARIABLE = re.compile(
    r"(?<![$%\\])\{\{\s*[A-Za-z_][\w.]{0,40}\s*\}\}|<%=?\s*\w[^%\n]{0,40}%>"
    r"|\{(?:input|instruction|question|context|user_input|user_message|prompt|answer|document|topic|query)\}"
)
TEMPLATE_TASK = re.compile(
    r"\b(?:jinja|handlebars|mustache|vue|angular|django|flask|liquid|latex|f-?string|placeholder|variable|template|prompt)\b",
    re.IGNORECASE,
)
TOKEN = re.compile(
    r"<\|(?:im_start|im_end|im_sep|endoftext|eot_id|begin_of_text|end_of_text|start_header_id|end_header_id|system|user"
    r"|assistant|end|eom_id|pad|eos|bos)\|>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk)>|\[(?:PAD|CLS|SEP)\]"
    r"|</s>(?=\s*\Z)|<s>(?=\s*\[INST\])|<extra_id_\d+>|^### ?(?:Response|Instruction|Input|Assistant|Human|User|Output) ?:",
    re.MULTILINE,
)
EDGE_TOKENS = re.compile(
    r"\A(?:\s*<\|(?:im_start|begin_of_text)\|>(?:assistant)?\s*|\s*<bos>|\s*### ?(?:Response|Output|Assistant) ?:\s*)+"
    r"|(?:\s*(?:<\|(?:im_end|endoftext|eot_id|end_of_text|end|eos)\|>|</s>|<end_of_turn>|<eos>))+\s*\Z"
)
TOKEN_TASK = re.compile(
    r"\b(?:tokens?|tokeni[sz]\w*|html|strike\w*|chat template|prompt format|bert|transformer)\b",
    re.IGNORECASE,
)
SPEAKER = re.compile(
    r"(?:\A\s*|\n[ \t]*)(?:\*\*)?(?:Human|User|Assistant|AI|Bot|Chatbot|System)(?:\*\*)?:(?:\*\*)?\s"
)
DIALOGUE_TASK = re.compile(
    r"\b(?:dialog(?:ue)?s?|conversations?|chat\w*|interview|script|scene|transcript|play|roleplay|role|exchange|bot|assistant"
    r"|simulat\w+|talk\w*|discussion|user|human|ai|story|debate)\b|对话|聊天",
    re.IGNORECASE,
)
HTML = re.compile(
    r"</?(?:div|span|p|br|a|li|ul|ol|td|tr|th|table|tbody|font|b|i|u|em|strong|img|script|style|h[1-6]|blockquote|pre|hr|sup|sub"
    r"|center|iframe)(?:\s+[a-z-]+\s*=\s*[^<>\n]{0,200})?\s*/?>|&(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|ldquo|rdquo|mdash|ndash|hellip|#x?[0-9a-f]{2,5});",
    re.IGNORECASE,
)

ASKS_FOR_MARKS = re.compile(
    r"\b(?:bold\w*|itali\w+|highlight\w*|underlin\w*|format\w*|colou?r\w*|font|paste)\b", re.IGNORECASE
)


def _placeholder(turn: Turn, _limits: Limits) -> Hit | None:
    found = PLACEHOLDER.search(turn.text)
    if (
        found is None
        or turn.is_code
        or ASKS_FOR_FORM.search(turn.asked)
        or found[0].lower() in turn.asked.lower()
    ):
        return None
    return Hit({"at": found.start()})


def _variable(row: Row, _limits: Limits) -> Hit | None:
    for part, index, entry in row.parts:
        text = entry["content"]
        if part == "rejected" or ("{" not in text and "<%" not in text):
            continue
        found = VARIABLE.search(without_code(text))
        if found is None or CODE_SIGNS.search(text) or CODE_TASK.search(row.prompt_lower):
            continue
        if TEMPLATE_TASK.search(row.prompt_lower):
            continue
        return Hit({"part": part, "message": index, "at": found.start()})
    return None


def _tokens(row: Row, _limits: Limits) -> Hit | None:
    spans = []
    for part, index, entry in row.parts:
        text = entry["content"]
        if "<" not in text and "[" not in text and "###" not in text:
            continue
        edges = [found.span() for found in EDGE_TOKENS.finditer(text)]
        for found in TOKEN.finditer(without_code(text)):
            if not any(start <= found.start() < end for start, end in edges):
                place = {"part": part, "message": index, "at": found.start()}
                if TOKEN_TASK.search(row.prompt_lower):
                    return None
                if entry["role"] == "assistant" and part != "rejected":
                    return Hit({"reason": "the answer holds the marks of another turn"} | place, 0.9, "drop")
                return Hit(place, 0.8, "flag")
        spans += [
            {
                "part": part,
                "message": index,
                "start": start,
                "end": end,
                "operator": "strip",
                "replacement": "",
            }
            for start, end in edges
        ]
    return Hit({"spans": spans}) if spans and not TOKEN_TASK.search(row.prompt_lower) else None


def _speakers(turn: Turn, _limits: Limits) -> Hit | None:
    found = SPEAKER.search(turn.text)
    if found is None or DIALOGUE_TASK.search(turn.asked) or turn.is_code:
        return None
    return Hit({"at": found.start()})


def _html(turn: Turn, _limits: Limits) -> Hit | None:
    found = HTML.search(without_code(turn.text))
    if found is None or turn.is_code:
        return None
    if ASKS_FOR_MARKS.search(turn.asked):
        return None
    return None if found[0] in turn.asked else Hit({"at": found.start()})


CHECKS = (
    Check(
        "placeholder",
        "a placeholder was not filled in",
        "flag",
        0.8,
        each_answer(_placeholder),
        hits=(
            qa("Who painted it?", "It was painted by [insert name] in 1889."),
            qa("Describe it.", "Lorem ipsum dolor sit amet."),
        ),
        misses=(
            qa("Write a letter of thanks.", "Dear [Recipient's Name], thank you. [Your Name]"),
            qa("Who painted it?", "It was painted [sic] by Manet [1]."),
        ),
        needs=(
            "[",
            "<",
            " goes here",
            "answer here",
            "text here",
            "response here",
            "name here",
            "lorem",
            "todo",
        ),
    ),
    Check(
        "template_variable",
        "a variable of a template was not filled in",
        "flag",
        0.8,
        _variable,
        hits=(
            qa("Translate {{ sentence }} into German.", "Guten Tag."),
            qa("What is it?", "It is {answer}."),
        ),
        misses=(
            qa("How does Jinja print a name?", "With {{ name }}."),
            qa("What is the set?", "It is {a, b}, and `{{x}}` is code."),
        ),
        needs=("{", "<%"),
        needs_in="row",
    ),
    Check(
        "chat_tokens",
        "marks of a chat template stand in the text",
        "rewrite",
        0.95,
        _tokens,
        hits=(
            qa("Where is it?", "It is here.<|im_end|>"),
            qa("Where is it?", "Here.\n### Instruction: Say more.\n### Response: No."),
            qa("[INST] Where is it? [/INST]", "It is here."),
        ),
        misses=(
            qa("Which token ends a turn?", "It is <|im_end|>."),
            qa("Where is it?", "It is <s>there</s> here [sic]."),
            qa("Where?", "### Response times\nThey are short."),
        ),
        needs=(
            "<|",
            "turn>",
            "inst]",
            "sys>>",
            "<bos>",
            "<eos>",
            "<pad>",
            "<unk>",
            "[pad]",
            "[cls]",
            "[sep]",
            "</s>",
            "<s>",
            "<extra_id",
            "###",
        ),
        needs_in="row",
    ),
    Check(
        "speaker_labels",
        "a speaker's label, such as Human:, stands in the answer",
        "flag",
        0.9,
        each_answer(_speakers),
        hits=(qa("Where is it?", "It is here.\n\nHuman: And the lamp?\n\nAssistant: There."),),
        misses=(
            qa("Write a dialogue.", "User: Hello.\nAssistant: Good day."),
            qa("Where is it?", "Two roles see it:\nUsers: all of them."),
        ),
        needs=(
            "human:",
            "human**",
            "user:",
            "user**",
            "assistant:",
            "assistant**",
            "ai:",
            "ai**",
            "bot:",
            "bot**",
            "system:",
            "system**",
        ),
    ),
    Check(
        "html_residue",
        "HTML tags or entities stand in the text",
        "flag",
        0.85,
        each_answer(_html),
        hits=(qa("Where is it?", "It is here.<br>Take a look."), qa("Who?", "Smith &amp; Sons")),
        misses=(
            qa("Write it in HTML.", "<p>It is here.</p>"),
            qa("Where is it?", "If a<b and c>d, it is `<br>` here."),
        ),
        needs=("<", "&"),
    ),
)
