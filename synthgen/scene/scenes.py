"""Scenes: a plan in, a picture and what is in it out."""

from dataclasses import dataclass, replace

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, I32, I64, Image
from synthgen.scene.kernels import Scratch, interleave, make_scratch
from synthgen.scene.pieces import ScenePlan, Truth
from synthgen.scene.plan import LOOK, Looks
from synthgen.scene.records import FRAME, Atlas, Grounds, Lines
from synthgen.scene.scene_kernels import Canvas, Scene, measure_lines, paint_pieces
from synthgen.scene.truth import find_truth
from synthgen.scene.words import Studio


@dataclass(frozen=True)
class Easel:
    """What scenes of one size are painted with; its working arrays are used again for each, so each thread has its own."""

    alphabet: Alphabet
    atlas: Atlas
    tiles: Grounds
    bank: F32  # normal numbers, 65,536 and a rim
    least: float  # contrast of ink and ground, 0 to 1
    digit: I32  # (classes + 1,) which digit a class is, -1: none
    canvas: Canvas
    scratch: Scratch


def set_up(studio: Studio, tiles: Grounds, size: tuple[int, int]) -> Easel:
    """Return an easel for pictures of `size` = (height, width), grounds and textures from `tiles`."""
    height, width = size
    canvas = Canvas(np.empty((3, height * width), dtype=np.float32), np.empty(height * width, dtype=np.int32), height, width)
    characters = studio.alphabet.characters
    return Easel(
        alphabet=studio.alphabet,
        atlas=studio.atlas,
        tiles=tiles,
        bank=studio.bank,
        least=studio.recipe.ink.least_contrast,
        digit=np.array([-1, *("0123456789".find(c) for c in characters)], dtype=np.int32),
        canvas=canvas,
        scratch=make_scratch(height, width, 1),
    )


def paint_scene(plan: ScenePlan, easel: Easel, *, blue_first: bool = False) -> tuple[Image, Truth]:
    """Return the picture, uint8 `(height, width, 3)`, and what is in it; `blue_first`: channels as OpenCV's encoder wants them.

    Raises:
        ValueError: the plan is of another size than the easel.
    """
    canvas = easel.canvas
    if plan.size != (canvas.height, canvas.width):
        raise ValueError(f"scene: need a plan of the easel's size {(canvas.height, canvas.width)}, got {plan.size}")
    scene, contrast, tally = _scene_of(plan, easel), np.empty(len(plan.texts.face), dtype=np.float32), np.zeros(2, dtype=np.int64)
    paint_pieces(
        scene, _ground(plan, easel.tiles), plan.window[2], np.zeros(1, dtype=FRAME), easel.atlas, easel.tiles, easel.bank, canvas,
        easel.scratch, 255 * easel.least, contrast, tally,
    )  # fmt: skip
    pixels = np.empty((canvas.height, canvas.width, 3), dtype=np.uint8)
    red, green, blue = canvas.rgb
    interleave(*((blue, green, red) if blue_first else (red, green, blue)), pixels.reshape(-1))
    truth = find_truth(plan, scene, (canvas, pixels, contrast), easel.atlas, (easel.alphabet, easel.least))
    return pixels, replace(truth, redrawn=int(tally[1]))


def _scene_of(plan: ScenePlan, easel: Easel) -> Scene:
    """Return what the kernels paint; lines have their pens at whole line px, as the glyph fields are laid."""
    texts = plan.texts
    given = texts.lines
    lines = Lines(
        np.array(given.glyph), np.array(given.cluster), np.rint(given.x), np.rint(given.y), np.array(given.advance), _offsets(given.offsets)
    )
    boxes, line_boxes = np.zeros((len(texts.codes), 4), dtype=np.float32), np.zeros((len(texts.face), 4), dtype=np.float32)
    offsets = _offsets(texts.offsets)
    measure_lines(lines, easel.atlas, np.array(texts.face), offsets, boxes, line_boxes)
    looks = plan.looks.copy()
    looks["underline"] = 0  # the word painter's lies along its own canvas
    return Scene(plan.faces.copy(), plan.pieces.copy(), looks, lines, np.array(texts.codes), offsets, boxes, line_boxes, easel.digit)


def _offsets(given: I64) -> I64:
    return np.array(given, dtype=np.int64)


def _ground(plan: ScenePlan, tiles: Grounds) -> Looks:
    """Return the window as the ground painter takes it, `(1,)` of LOOK: its corner as shares of the tile."""
    ground = np.zeros(1, dtype=LOOK)
    ground["tile"], ground["ground"] = plan.tile, plan.ground
    if plan.tile >= 0:
        rows, columns = tiles.size[plan.tile]
        ground["tile_y"], ground["tile_x"] = plan.window[0] / rows, plan.window[1] / columns
    return ground
