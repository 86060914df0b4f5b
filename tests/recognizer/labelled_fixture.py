"""Labelled pictures made on the spot, a scorer that knows what they say, and logits of any text."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from recognizer.labelled import LabelledBlock
from recognizer.reading import Scorer
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, U8

STEPS, SURE = 31, 20.0  # time steps; a logit that leaves e^-20 for each other class
ALPHABET = Alphabet()


def write_folder(folder: Path, rows: Sequence[tuple[str, str]], shape: tuple[int, int] = (32, 64)) -> Path:
    """Write a picture, of brightness 10 times its place, for each row of (file, text), and labels.csv."""
    for k, (name, _) in enumerate(rows):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full(shape, 10 * k % 256, dtype=np.uint8))
    lines = ["file,text", *(f"{name},{text}" for name, text in rows)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def logits_of(texts: Sequence[str], sure: Sequence[float] | None = None) -> F32:
    """Return logits (n, 31, 93) whose best path says each text, up to 15 characters; `sure` are the logits of their first characters."""
    logits = np.zeros((len(texts), STEPS, len(ALPHABET.characters) + 1), dtype=np.float32)
    logits[:, :, 0] = SURE
    for row, text in enumerate(texts):
        for k, label in enumerate(ALPHABET.encode(text)):
            logits[row, 2 * k, 0], logits[row, 2 * k, label] = 0, sure[row] if sure and k == 0 else SURE
    return logits


def telling(texts: Sequence[str], sure: Sequence[float] | None = None) -> Scorer:
    """Return a scorer that reads `texts` in every picture whose brightness is their place."""

    def score(prepared: U8) -> F32:
        return logits_of(texts, sure)[prepared[:, 0, 0]]

    return score


def block_of(texts: Sequence[str], dropped: Sequence[str] = ()) -> LabelledBlock:
    """Return a block of pictures whose brightness is their place."""
    prepared = np.repeat(np.arange(len(texts), dtype=np.uint8), 32 * 16).reshape(-1, 32, 16)
    return LabelledBlock(prepared, tuple(texts), tuple(f"{k}.png" for k in range(len(texts))), tuple(dropped))
