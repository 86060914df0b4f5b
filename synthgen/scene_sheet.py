"""Scenes for people: the picture with its quads, and the two heat maps beside it."""

from collections.abc import Sequence

import numpy as np

from synthgen.arrays import Image
from synthgen.draw import drawn, heated, scene_layers
from synthgen.scene_renderer import Scene

ACROSS = 2  # scenes in a row of the sheet


def panels(scene: Scene) -> Image:
    """Return the picture with its quads, the region map over it and the affinity map over it, side by side, `(h, 3 w, 3)`."""
    truth = scene.truth
    outlined = drawn(scene.picture, scene_layers(truth.word_quads, truth.word_ignore.tolist(), truth.char_quads))
    return np.hstack([outlined, heated(scene.picture, scene.region, "region"), heated(scene.picture, scene.affinity, "affinity")])


def scene_sheet(scenes: Sequence[Scene]) -> Image:
    """Return the panels of all scenes on one sheet, ACROSS in a row."""
    shown = [panels(scene) for scene in scenes]
    blank = np.full_like(shown[0], 255)
    shown += [blank] * (-len(shown) % ACROSS)
    return np.vstack([np.hstack(shown[first : first + ACROSS]) for first in range(0, len(shown), ACROSS)])
