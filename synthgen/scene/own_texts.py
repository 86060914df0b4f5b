"""Texts of a studio that may show some words only: drawn again until they are its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synthgen.arrays import I64, U16, U64, Bools
from synthgen.scene.texts import TextRules, Texts, TextTable, plan_texts

RETEXTS = 32  # more draws of a text at most: of words with digits, nine of ten are on the wrong side where one of ten is held out

Keeps = Callable[[U16, I64], Bools]  # codes and offsets of texts -> which of them may be shown, (n,)


@dataclass(frozen=True)
class OwnTexts:
    """Texts, and which of them are not the studio's own after all."""

    texts: Texts
    astray: Bools  # (n,)
    redrawn: int  # draws beyond the first of each


def plan_own_texts(table: TextTable, rules: TextRules, keeps: Keeps | None, seed: int, index: U64) -> OwnTexts:
    """Return the label of each sample; label i depends on (table, rules, keeps, seed, index[i]) alone. `keeps` None: all may be shown."""
    texts = plan_texts(table, rules, seed, index)
    astray, redrawn = np.zeros(len(index), dtype=np.bool_), 0
    if keeps is None:
        return OwnTexts(texts, astray, redrawn)
    rows = np.flatnonzero(~keeps(texts.codes, texts.offsets))
    for attempt in range(1, RETEXTS + 1):
        if not len(rows):
            break
        again = plan_texts(table, rules, seed, index[rows], attempt)
        texts, redrawn = _with(texts, rows, again), redrawn + len(rows)
        rows = rows[~keeps(again.codes, again.offsets)]
    astray[rows] = True
    return OwnTexts(texts, astray, redrawn)


def _with(texts: Texts, rows: I64, others: Texts) -> Texts:
    """Return the texts with `others` in place of `rows`."""
    parts = [texts.codes[a:b] for a, b in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]
    source = texts.source.copy()
    for k, row in enumerate(rows.tolist()):
        parts[row] = others.codes[others.offsets[k] : others.offsets[k + 1]]
    source[rows] = others.source
    offsets = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return replace(texts, codes=np.concatenate(parts), offsets=offsets, source=source, refused=texts.refused + others.refused)
