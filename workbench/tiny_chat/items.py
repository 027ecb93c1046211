"""Write the retained tasks of tiny-chat: one harness YAML and one file of items per skill.

python -m workbench.tiny_chat.items --out evalsuites/tasks
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from workbench.tiny_chat import skills

ITEMS_PER_SKILL = 250
ITEMS_SEED = 20_260_101
"""The items are part of what a verdict means: another seed is another version of the tasks."""

TASK = """\
# {promise}
# Written by `python -m workbench.tiny_chat.items`; run with apply_chat_template=True.
task: tiny_{skill}
dataset_path: json
dataset_kwargs:
  data_files:
    test: items/{skill}.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs:
  until:
    - "<|im_end|>"
  max_gen_toks: 48
  do_sample: false
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""


def write_tasks(out: Path) -> list[Path]:
    """Write `<skill>.yaml` and `items/<skill>.jsonl` per skill; returns the YAML paths."""
    (out / "items").mkdir(parents=True, exist_ok=True)
    written = []
    for skill, draw in skills.SKILLS.items():
        items = skills.generate(skill, ITEMS_PER_SKILL, ITEMS_SEED, "eval")
        lines = [
            json.dumps({"question": item["question"], "answer": item["answer"]}) + "\n" for item in items
        ]
        (out / "items" / f"{skill}.jsonl").write_text("".join(lines), encoding="utf-8")
        promise = (draw.__doc__ or skill).splitlines()[0]
        task = out / f"{skill}.yaml"
        task.write_text(TASK.format(skill=skill, promise=promise), encoding="utf-8")
        written.append(task)
    return written


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the retained tasks of tiny-chat.")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the task files, e.g. evalsuites/tasks"
    )
    write_tasks(parser.parse_args().out)


if __name__ == "__main__":
    main()
