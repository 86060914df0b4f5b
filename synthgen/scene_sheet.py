"""Scenes for people: the picture with its quads, and the two heat maps beside it."""

from collections.abc import Sequence

import cv2
import numpy as np

from synthgen.arrays import U8, Image
from synthgen.draw import with_quads
from synthgen.scene_renderer import Scene

READ_RGB, IGNORED_RGB, CHAR_RGB = (0, 200, 60), (230, 60, 60), (60, 120, 255)  # words, words to ignore, characters
ACROSS = 2  # scenes in a row of the sheet


def panels(scene: Scene) -> Image:
    """Return the picture with its quads, the region map over it and the affinity map over it, side by side, `(h, 3 w, 3)`."""
    truth = scene.truth
    drawn = with_quads(scene.picture, truth.char_quads, rgb=CHAR_RGB)
    drawn = with_quads(drawn, truth.word_quads[~truth.word_ignore], rgb=READ_RGB)
    drawn = with_quads(drawn, truth.word_quads[truth.word_ignore], rgb=IGNORED_RGB)
    return np.hstack([drawn, heated(scene.picture, scene.region), heated(scene.picture, scene.affinity)])


def heated(picture: Image, heat: U8) -> Image:
    """Return a dimmed picture with a map of half its size over it, in the colours of heat."""
    large = cv2.resize(heat, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(large, cv2.COLORMAP_JET)[:, :, ::-1]
    share = np.clip(large.astype(np.float32) / 64, 0.0, 0.8)[:, :, None]
    return np.asarray(picture * (0.6 * (1 - share)) + colours * share, dtype=np.uint8)


def scene_sheet(scenes: Sequence[Scene]) -> Image:
    """Return the panels of all scenes on one sheet, ACROSS in a row."""
    shown = [panels(scene) for scene in scenes]
    blank = np.full_like(shown[0], 255)
    shown += [blank] * (-len(shown) % ACROSS)
    return np.vstack([np.hstack(shown[first : first + ACROSS]) for first in range(0, len(shown), ACROSS)])
