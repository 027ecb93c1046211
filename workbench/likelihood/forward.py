"""One forward pass: only the positions that are asked for meet the model's head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.likelihood.layout import Asked, Row, rows_of

if TYPE_CHECKING:
    from torch import Tensor

FULL, HALF = 1e-4, 5e-2
"""Largest relative difference of logits by rounding alone, in 32 bits and in 16."""
WIDE = 4096
"""A width at which even short sequences are worth writing into one row."""


@dataclass(frozen=True)
class Packed:
    """Rows as tensors on the CPU: ids and depths (rows, length), mask (rows, 1, length, length).

    ``mask`` (true where a token sees another) is None for rows without branches: right padding
    is never seen by a causal model. ``at`` are the (row, column) of each scored position.
    """

    ids: Tensor
    depths: Tensor
    mask: Tensor | None
    at: tuple[Tensor, Tensor]


def packed(rows: list[Row]) -> tuple[Packed, list[dict[int, int]]]:
    """Tensors of a batch, and for each row the index of every scored node among all of them."""
    import torch

    length = max(len(row.ids) for row in rows)
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    depths = torch.zeros((len(rows), length), dtype=torch.long)
    lines: list[int] = []
    columns: list[int] = []
    places: list[dict[int, int]] = []
    for line, row in enumerate(rows):
        ids[line, : len(row.ids)] = torch.tensor(row.ids)
        depths[line, : len(row.ids)] = torch.tensor(row.depths)
        nodes = sorted(row.scored)
        places.append({node: len(columns) + index for index, node in enumerate(nodes)})
        lines += [line] * len(nodes)
        columns += nodes
    mask = _mask(rows, length) if rows[0].branches else None
    return Packed(ids, depths, mask, (torch.tensor(lines), torch.tensor(columns))), places


def scored_logits(model: Any, batch: Packed) -> Tensor:
    """Logits (positions, vocabulary) of the scored positions, on the model's device.

    A hook picks the positions out of the last hidden states just before the head, so that
    whatever the model does after the head (soft caps, scales) is done as always. Tokens that
    an adapter puts before the input shift the positions.
    """
    device = model.device
    options: dict[str, Any] = {}
    if batch.mask is not None:
        dtype = model.dtype
        options = {
            "attention_mask": _additive(batch.mask.to(device), dtype),
            "position_ids": batch.depths.to(device),
        }
    width = batch.ids.shape[1]
    chosen: list[bool] = []

    def pick(_module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        chosen.append(True)
        return (_at(inputs[0], batch, width)[None], *inputs[1:])

    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(pick) if head is not None else None
    try:
        logits: Tensor = model(input_ids=batch.ids.to(device), use_cache=False, **options).logits
    finally:
        if hook is not None:
            hook.remove()
    return logits[0] if chosen else _at(logits, batch, width)


def can_branch(model: Any, longest: int) -> bool:
    """Whether the model gives the same answer for two sequences in one row as in two.

    It is asked, not assumed: models with recurrent layers, positions by distance, tokens of
    their own before the input, or attention kernels without masks cannot, and windows of
    attention shorter than the ``longest`` sequence are not drawn into the mask.
    """
    import torch

    config = model.config.get_text_config()
    windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    if any(window is not None and longest > window for window in windows):
        return False
    if getattr(config, "_attn_implementation", None) not in ("sdpa", "eager"):
        return False
    if getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False):
        return False
    apart, together = probe_rows(int(model.get_input_embeddings().weight.shape[0]))
    with torch.inference_mode():
        expected = scored_logits(model, packed(apart)[0]).float()
        try:
            found = scored_logits(model, packed(together)[0]).float()
        except (TypeError, ValueError, RuntimeError, IndexError):
            return False
    spread = (expected - expected.mean(dim=-1, keepdim=True)).norm()
    allowed = FULL if model.dtype in (torch.float32, torch.float64) else HALF
    return found.shape == expected.shape and bool((found - expected).norm() <= allowed * spread)


def probe_rows(vocabulary: int) -> tuple[list[Row], list[Row]]:
    """Two made sequences of one beginning, as two rows and as one; both score the same two ends."""
    ids = [(7 * place + 3) % vocabulary for place in range(17)]
    asked = [Asked([*ids[:6], *ids[6:11], 0], [11]), Asked([*ids[:6], *ids[11:17], 0], [12])]
    apart = rows_of(asked, branching=False, width=WIDE, scored=2)
    together = rows_of(asked, branching=True, width=WIDE, scored=2)
    return apart, together


def _mask(rows: list[Row], length: int) -> Tensor:
    import torch

    mask = torch.eye(length, dtype=torch.bool).repeat(len(rows), 1, 1)
    for line, row in enumerate(rows):
        for start, end, path in row.spans:
            mask[line, start:end, start:end] = torch.ones(end - start, end - start, dtype=torch.bool).tril()
            if path:
                mask[line, start:end, path] = True
    return mask[:, None]


def _additive(mask: Tensor, dtype: Any) -> Tensor:
    import torch

    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(
        ~mask, torch.finfo(dtype).min
    )


def _at(values: Any, batch: Packed, width: int) -> Any:
    rows, columns = (index.to(values.device) for index in batch.at)
    return values[rows, columns + (values.shape[1] - width)]
