"""Lines and paragraphs on the regions of a picture: what they say, how large they are and where they lie."""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F64, I32, I64, U16, U64, Bools
from synthgen.chance import Stream, uniforms
from synthgen.photo_recipe import MOST_REGIONS, SizedPhotoRecipe
from synthgen.scene import region_kernels as kernels
from synthgen.scene.faces import choose_faces
from synthgen.scene.kernels import bend_radius
from synthgen.scene.pieces import LINE, PIECE, Pieces, SceneTexts
from synthgen.scene.plan import EM_PX, NO_BEND, Looks, pick, within
from synthgen.scene.records import Lines
from synthgen.scene.regions import Regions
from synthgen.scene.texts import TextRules, plan_texts
from synthgen.scene.words import Studio, strings

SEED = 0x7363_656E_65  # "scene": mixed into the seed, so that scenes never say what a word crop of the same number says
MOST_WORDS = 24  # of a region
MOST_LINES = 6
GLYPH_EM = 0.54  # mean advance of a letter, from which the length of lines is guessed before they are shaped; they are then fitted
CAPITALS = 1.25  # times as wide as small letters
WORD_CHARS = 5.0  # mean length of a word with its space, and less: words too many are not used
CHARS = (10.0, 46.0)  # a line holds at most
ALIGNED = np.array([0.0, 0.0, 0.5, 1.0])  # left twice as often as centred and as right
AS_THEY_ARE = np.ones(4)  # cumulative shares of the cases: all words stay as the corpus has them; a region is set in capitals as one


class Blocks(NamedTuple):
    """What is to be written in each region, a column a choice."""

    size_px: F64  # wanted em size
    lines: F64  # at most
    chars: F64  # a line, guessed
    leading: F64  # line px
    align: F64
    across: F64  # where in the region's spare room, 0 to 1
    down: F64
    bend: I32
    bend_size: F64  # degrees of an arc, signed; line px of a wave
    upper: Bools


class Copy(NamedTuple):
    """Regions and what is to be written in them, a row a region."""

    boxes: F64  # (n, 4) on their planes
    blocks: Blocks
    look: Looks  # (n,)


def spread(own: U64, apart: int, count: int) -> U64:
    """Return `count` numbers of a scene's own, fewer than `apart`; wrapping."""
    with np.errstate(over="ignore"):
        return np.asarray(own * np.uint64(apart) + np.arange(count, dtype=np.uint64))


def plan_blocks(recipe: SizedPhotoRecipe, boxes: F64, seed: int, rows: U64) -> Blocks:
    """Return what is to be written in regions with rectangles `boxes` (n, 4)."""
    draws = iter(uniforms(seed ^ SEED, Stream.REGION, rows, 13).T)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    largest = np.minimum(recipe.most_share * recipe.height_px, 0.95 * height)
    large = next(draws)
    paragraph = next(draws) < recipe.paragraph_share
    leading = within(next(draws), recipe.leading_em)
    bend = pick(next(draws), np.array([1 - recipe.arc_share - recipe.wave_share, recipe.arc_share, recipe.wave_share]))
    bend[paragraph] = NO_BEND
    least = np.minimum(recipe.least_px, largest)
    size_px = least + (largest - least) * np.where(paragraph, 0.04 + 0.56 * large * large, 0.25 + 0.75 * large)
    size_px = np.where(bend == NO_BEND, size_px, 0.7 * size_px)  # room for the bend
    fitting = np.clip((height / (size_px * leading)).astype(np.int64), 1, MOST_LINES)
    longest = within(next(draws), CHARS)
    upper = next(draws) < recipe.upper_share
    letter = GLYPH_EM * np.where(upper, CAPITALS, 1.0)
    side, amount = np.where(next(draws) < 0.5, -1.0, 1.0), next(draws)
    sizes = np.stack([0 * side, side * within(amount, recipe.arc_deg), EM_PX * within(amount, recipe.wave_em)])
    return Blocks(
        size_px=size_px,
        lines=np.where(paragraph, np.minimum(fitting, 2 + (next(draws) * (MOST_LINES - 1)).astype(np.int64)), 1).astype(np.float64),
        chars=np.minimum(np.maximum(width / (letter * size_px), np.minimum(width / (letter * recipe.least_px), 8.0)), longest),
        leading=EM_PX * leading,
        align=ALIGNED[(next(draws) * len(ALIGNED)).astype(np.int64)],
        across=next(draws),
        down=next(draws),
        bend=bend,
        bend_size=sizes[bend, np.arange(len(bend))],
        upper=upper,
    )


def write(
    studio: Studio, recipe: SizedPhotoRecipe, regions: Regions, looks: Looks, chance: tuple[int, U64]
) -> tuple[SceneTexts, Pieces, int]:
    """Return the lines of all regions, their pieces, and how many words and lines found no place; `looks` rows 1 on are set to suit."""
    seed, own = chance
    rows = spread(own, MOST_REGIONS, len(regions.boxes))
    blocks = plan_blocks(recipe, regions.boxes, seed, rows)
    codes, offsets, region, refused = lines_of(studio, blocks, seed, rows)
    bounds = offsets[np.searchsorted(region, np.arange(len(rows) + 1))]
    faces, codes = choose_faces(studio.faces, codes, bounds, seed ^ SEED, rows)
    face = faces[region]
    lines, missing = studio.shape(face, strings(studio.alphabet, codes, offsets))
    if missing.any():  # the atlas holds all that the alphabet's characters can become
        raise ValueError(f"shaping: scene {own[0]} has a glyph that is not in the atlas of face {face[missing.argmax()]}")
    look = looks[1 : 1 + len(rows)]
    look["spacing"][studio.faces.joined[faces]] = 0
    inks = np.zeros((len(region), 5))
    kernels.set_pens(lines, studio.atlas, look["spacing"][region], inks)
    kept, pieces = place_lines(Copy(regions.boxes, blocks, look), region, inks, recipe.least_px)
    texts = SceneTexts(codes, offsets, face, ("photo",) * len(face), lines)
    return only(texts, kept), pieces, refused + len(region) - len(kept)


def lines_of(studio: Studio, blocks: Blocks, seed: int, rows: U64) -> tuple[U16, I64, I32, int]:
    """Return classes and offsets of all lines, the region of each, and how many words were too long for their region's lines."""
    wanted = np.minimum((blocks.lines * blocks.chars / WORD_CHARS).astype(np.int64) + 2, MOST_WORDS)
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(wanted)])
    numbers = np.arange(first[-1]) - np.repeat(first[:-1], wanted)
    with np.errstate(over="ignore"):
        index = np.repeat(rows, wanted) * np.uint64(MOST_WORDS) + numbers.astype(np.uint64)
    rules = TextRules(studio.rules.sample._replace(cases=AS_THEY_ARE), studio.rules.neighbour, studio.rules.shares)
    words = plan_texts(studio.texts, rules, seed ^ SEED, index)
    codes = np.zeros(len(words.codes) + len(index), dtype=np.uint16)
    offsets, region = np.zeros(len(index) + 1, dtype=np.int64), np.zeros(len(index), dtype=np.int32)
    space = studio.alphabet.classes.get(" ", 0)
    limits = np.stack([blocks.lines, blocks.chars], axis=1)
    count, refused = kernels.compose(words.codes, words.offsets, first, limits, space, codes, offsets, region)
    codes, offsets, region = codes[: offsets[count]], offsets[: count + 1], region[:count]
    capitals = np.repeat(blocks.upper[region], np.diff(offsets))
    return np.where(capitals, studio.alphabet.upper[codes], codes), offsets, region, refused


def place_lines(copy: Copy, region: I32, inks: F64, least_px: float) -> tuple[I64, Pieces]:
    """Return the lines that fit their regions, and a piece for each of them; sets the bends of `copy.look` in place."""
    boxes, blocks, look = copy
    pieces, kept = np.zeros(len(region), dtype=PIECE), list[int]()
    edges = np.searchsorted(region, np.arange(len(boxes) + 1))
    for r, box in enumerate(boxes):
        first, last = int(edges[r]), int(edges[r + 1])
        sizes = np.array([blocks.size_px[r], least_px, blocks.leading[r], blocks.align[r], blocks.across[r], blocks.down[r]])
        if blocks.bend[r] != NO_BEND and last == first + 1 and bent(copy, r, sizes, inks[first], pieces[first : first + 1]):
            kept.append(first)
            continue
        rows, affines = np.empty(last - first, dtype=np.int32), np.empty((last - first, 6))
        shape = np.array([look["stretch"][r], look["slant"][r]], dtype=np.float64)
        count = kernels.fit_block(inks[first:last], box, sizes, shape, rows, affines)
        own = first + rows[:count]
        pieces["affine"][own] = affines[:count]
        kept += own.tolist()
    chosen = np.array(kept, dtype=np.int64)
    pieces = pieces[chosen]
    pieces["kind"], pieces["face"], pieces["look"] = LINE, region[chosen], 1 + region[chosen]
    pieces["box"], pieces["text"], pieces["opacity"], pieces["tile"] = inks[chosen, :4], np.arange(len(chosen)), 1.0, -1
    return chosen, pieces


def bent(copy: Copy, r: int, sizes: F64, ink: F64, piece: Pieces) -> bool:
    """Return whether the one line of region r fits when bent; writes its bend and its way into `piece` (1,)."""
    boxes, blocks, look = copy
    look["bend"][r], look["bend_size"][r] = blocks.bend[r], blocks.bend_size[r]
    radius = bend_radius(look[r], ink[2] - ink[0], ink[3] - ink[1], ink[4])
    fits = kernels.fit_bent(ink, boxes[r], sizes, int(blocks.bend[r]), np.array([radius, look["bend_view"][r]]), piece["affine"][0])
    piece["bend"], piece["radius"] = (blocks.bend[r], radius) if fits else (NO_BEND, 0.0)
    return bool(fits)


def only(texts: SceneTexts, kept: I64) -> SceneTexts:
    """Return the lines of `kept`, in its order."""
    if len(kept) == len(texts.face):
        return texts
    lines, lengths = texts.lines, np.diff(texts.lines.offsets)[kept]
    codes = np.concatenate([np.zeros(0, dtype=np.uint16), *(texts.codes[texts.offsets[k] : texts.offsets[k + 1]] for k in kept)])
    glyphs = np.concatenate(
        [np.zeros(0, dtype=np.int64), *(np.arange(lines.offsets[k], lines.offsets[k + 1]) for k in kept)],
    )
    return SceneTexts(
        codes=codes,
        offsets=np.concatenate([[0], np.cumsum(np.diff(texts.offsets)[kept])]).astype(np.int64),
        face=texts.face[kept],
        role=tuple(texts.role[k] for k in kept),
        lines=Lines(
            glyph=lines.glyph[glyphs],
            cluster=lines.cluster[glyphs],
            x=lines.x[glyphs],
            y=lines.y[glyphs],
            advance=lines.advance[glyphs],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        ),
    )
