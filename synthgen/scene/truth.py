"""What is in a painted scene, read off the plan and the finished picture."""

from itertools import pairwise

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, Bools, Image
from synthgen.quads import unfolded
from synthgen.scene.pieces import LINE, ScenePlan, Truth
from synthgen.scene.records import Atlas
from synthgen.scene.scene_kernels import Canvas, Found, Scene, find_words

LEAST_VISIBLE = 0.35  # of a word that can still be read
LEAST_HEIGHT_PX = 6.0
LEAST_CHARACTER_PX = 1.5  # mean width: an "i" of the least height, or letters on a jar's side
LEAST_SPREAD = 0.6  # of the contrast rule: what light and camera may leave of it
NO_FACE = -1  # of words that the photo brought along


def find_truth(plan: ScenePlan, scene: Scene, painted: tuple[Canvas, Image, F32], atlas: Atlas, reading: tuple[Alphabet, float]) -> Truth:
    """Return words and characters of a scene; `painted`: canvas, picture, contrast of lines; `reading`: alphabet, least contrast.

    Words of which nothing is seen are left out and counted. Regions of the photo that hold unread text are words without text, to ignore.
    """
    canvas, pixels, contrast = painted
    alphabet, least = reading
    found = _room(len(scene.codes))
    order = np.flatnonzero(scene.pieces["kind"] == LINE)
    order = order[np.argsort(scene.pieces["text"][order], kind="stable")]
    x_heights = np.asarray(atlas.metrics[plan.texts.face, 2], dtype=np.float32)
    words, chars, hidden = find_words(scene, order, alphabet.classes.get(" ", 0), x_heights, canvas, pixels.reshape(-1, 3), found)
    lines = found.word_line[:words]
    marked = len(plan.marked)
    ends = np.concatenate([np.zeros(1, dtype=np.int64), found.outline_ends[:words]])
    return Truth(
        word_text=(*_texts(alphabet, found, words, chars), *[""] * marked),
        word_quads=np.concatenate([found.word_quads[:words], plan.marked.reshape(-1, 4, 2)]).astype(np.float32),
        polygons=(*(found.outline[a:b].copy() for a, b in pairwise(ends)), *plan.marked.astype(np.float32)),
        word_line=np.concatenate([lines, len(contrast) + np.arange(marked)]).astype(np.int32),
        word_face=np.concatenate([plan.texts.face[lines], np.full(marked, NO_FACE)]).astype(np.int32),
        word_visible=np.concatenate([found.word_visible[:words], np.ones(marked)]).astype(np.float32),
        word_ignore=np.concatenate([_unread(found, words, contrast[lines], least), np.ones(marked, dtype=np.bool_)]),
        char_codes=found.char_code[:chars].copy(),
        char_word=found.char_word[:chars].copy(),
        char_quads=unfolded(found.char_quads[:chars].copy(), found.char_visible[:chars] > 0),
        char_visible=found.char_visible[:chars].copy(),
        hidden=hidden,
    )


def _unread(found: Found, words: int, contrast: F32, least: float) -> Bools:
    """Return which words nobody can be asked to read: too hidden, too small, or too faint."""
    hidden = found.word_visible[:words] < LEAST_VISIBLE
    small = (found.word_height[:words] < LEAST_HEIGHT_PX) | (found.word_width[:words] < LEAST_CHARACTER_PX)
    faint = (contrast < least / 2) | (found.word_spread[:words] < LEAST_SPREAD * least)
    return np.asarray(hidden | small | faint)


def _texts(alphabet: Alphabet, found: Found, words: int, chars: int) -> list[str]:
    text = alphabet.decode(found.char_code[:chars])
    edges = [0, *np.cumsum(np.bincount(found.char_word[:chars], minlength=words)).tolist()]
    return [text[edges[k] : edges[k + 1]] for k in range(words)]


def _room(chars: int) -> Found:
    """Return room for the words of so many characters."""
    return Found(
        char_code=np.empty(chars, dtype=np.uint16),
        char_word=np.empty(chars, dtype=np.int32),
        char_quads=np.empty((chars, 4, 2), dtype=np.float32),
        char_visible=np.empty(chars, dtype=np.float32),
        word_quads=np.empty((chars, 4, 2), dtype=np.float32),
        word_line=np.empty(chars, dtype=np.int32),
        word_visible=np.empty(chars, dtype=np.float32),
        word_height=np.empty(chars, dtype=np.float32),
        word_width=np.empty(chars, dtype=np.float32),
        word_spread=np.empty(chars, dtype=np.float32),
        outline=np.empty((6 * chars, 2), dtype=np.float32),
        outline_ends=np.zeros(chars, dtype=np.int64),
    )
