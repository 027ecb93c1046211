"""The hash of words and word pairs that steps compare."""

from __future__ import annotations

import xxhash


def text_hash(text: str) -> int:
    """A 64-bit hash that does not change from process to process (xxh3)."""
    return xxhash.xxh3_64_intdigest(text.encode())
