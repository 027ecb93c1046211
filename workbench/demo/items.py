"""Writes the demo's target tasks in the task format of lm-evaluation-harness.

Run: python -m workbench.demo.items --out evalsuites/tasks
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from workbench.demo.data import ITEMS_SEED, STYLE_ITEMS, TOPIC_ITEMS, support_items
from workbench.demo.desk_phrases import CLOSING_QUESTION

_TASK: Final = """\
# {purpose} Written by: python -m workbench.demo.items
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: items/{task}.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs:
  until: ["<|im_end|>"]
  max_gen_toks: {tokens}
  do_sample: false
filter_list:
  - name: {name}
    filter:
      - function: regex
        regex_pattern: '{pattern}'
        group_select: 0
      - function: take_first
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""


def write_tasks(folder: Path) -> dict[str, int]:
    """Write both tasks and their items into `folder`, and return the items of each.

    `support_topic` compares the word after "Topic: "; `support_style` compares the closing
    question, which must end the answer.
    """
    items = support_items(TOPIC_ITEMS + STYLE_ITEMS, ITEMS_SEED)
    style = [{**item, "answer": CLOSING_QUESTION} for item in items[TOPIC_ITEMS:]]
    topic = _TASK.format(
        purpose="Does the answer name the right topic?",
        task="support_topic",
        tokens=64,
        name="topic",
        pattern=r"Topic: (\w+)",
    )
    closing = _TASK.format(
        purpose="Does the answer end with the closing question?",
        task="support_style",
        tokens=96,
        name="closing",
        pattern=rf"({CLOSING_QUESTION})[^?]*\?\s*$",
    )
    _write(folder, "support_topic", topic, items[:TOPIC_ITEMS])
    _write(folder, "support_style", closing, style)
    return {"support_topic": TOPIC_ITEMS, "support_style": STYLE_ITEMS}


def _write(folder: Path, task: str, text: str, items: list[dict[str, str]]) -> None:
    (folder / "items").mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    path = folder / "items" / f"{task}.jsonl"
    path.write_text(lines, encoding="utf-8", newline="\n")
    (folder / f"{task}.yaml").write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Read the command line and write the tasks."""
    parser = argparse.ArgumentParser(description="Write the demo's target tasks.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the task files")
    for task, count in write_tasks(parser.parse_args().out).items():
        sys.stdout.write(f"{task}: {count} items\n")


if __name__ == "__main__":
    main()
