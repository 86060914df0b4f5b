"""The choices of one word sample, recomputed: each as the plan has it, none read back from the picture."""

import numpy as np

from synthgen.arrays import U64
from synthgen.assets.grammar import MARKS, PLACEHOLDERS
from synthgen.assets.line_category import category_of
from synthgen.assets.own_words import spelt
from synthgen.assets.studio import Opened
from synthgen.explain_fields import Choices, Value, layout_of, look_of, plain
from synthgen.held_out import SPLITS
from synthgen.renderer import FROM_SCENE, Renderer
from synthgen.scene.faces import choose_faces
from synthgen.scene.kernels import SIDES
from synthgen.scene.own_texts import plan_own_texts
from synthgen.scene.plan import CANDIDATES, EM_PX, Looks, plan_looks
from synthgen.scene.scene_words import SCENES_APART, WORDS_A_SCENE
from synthgen.scene.text_kernels import WordArrays
from synthgen.scene.text_origin import Origin, origin_of
from synthgen.scene.texts import text_draws
from synthgen.scene.words import Studio, WordBlock, placed, plan_others, render_words, strings

PLACES = ("left", "right", "above", "below")  # of other texts, as kernels.SIDES counts them
Sections = dict[str, Choices]


def explain_word(opened: Opened, renderer: Renderer, seed: int, index: int) -> Sections:
    """Return every choice of word sample `index`, by section."""
    block = next(renderer.blocks(range(index, index + 1), 1))
    source = renderer.names.sources[int(block.source[0])]
    if source == FROM_SCENE:
        scene = SCENES_APART + index // WORDS_A_SCENE
        return {
            "text": {"text": (block.text(0), ""), "cut out of scene": (scene, "number; of no scene shard")},
            "font": _font(opened, block),
        }
    studio, own = renderer.studio_of(index), np.array([index], dtype=np.uint64)
    looks = plan_looks(studio.recipe, studio.tile_weights, seed, own)
    sections: Sections = {"text": _text(studio, seed, own, block), "font": _font(opened, block)}
    sections |= _laid(studio, looks, seed, own)
    return sections | look_of(looks[0], renderer.names.backgrounds) | {"outcome": _outcome(studio, seed, own, block)}


def _text(studio: Studio, seed: int, own: U64, block: WordBlock) -> Choices:
    drawn = plan_own_texts(studio.texts, studio.rules, studio.keeps, seed, own)
    origin = origin_of(studio.texts.words, studio.rules.sample, text_draws(seed, own, drawn.redrawn)[0])
    source = studio.texts.names[origin.source]
    line = " ".join(_spelt(studio, *origin.line))
    found: Choices = {
        "text": (block.text(0), ""),
        "source": (source, ""),
        "category": (category_of(line, studio.alphabet) if source == "grammar" else "none", "of the grammar"),
        "source line": (_shown(line), "wild slots as the grammar writes them: {9} any digit, {1} not 0, {A}, {a}"),
        "first word": (_shown(_spelt(studio, origin.row, origin.row + 1)[0]), "of the words drawn"),
        "phrase": ("yes" if origin.phrase else "no", "more words were asked for"),
        "case": (origin.case, "set in"),
        "rare character": (_rare(studio, origin), "that had to be in it"),
    }
    if studio.keeps is not None:
        found |= {"side": (SPLITS[int(block.split[0])], ""), "drawn again": (drawn.redrawn, "times, as it was of the other side")}
    return found


def _rare(studio: Studio, origin: Origin) -> str:
    if not origin.rare:
        return "none"
    return studio.alphabet.decode(np.array([origin.rare], dtype=np.uint16)) + (", by a word with it" if origin.by_word else ", worked in")


def _spelt(studio: Studio, first: int, last: int) -> list[str]:
    """Return some words of the table."""
    words = studio.texts.words
    begin = int(words.start[first])
    part = WordArrays(
        **words._asdict() | {"codes": words.codes[begin : words.start[last]], "start": words.start[first : last + 1] - np.int32(begin)}
    )
    return spelt(part, studio.alphabet)


def _shown(text: str) -> str:
    for mark, char in zip(MARKS, PLACEHOLDERS, strict=True):
        text = text.replace(char, f"{{{mark}}}")
    return text


def _font(opened: Opened, block: WordBlock) -> Choices:
    face = opened.faces[int(block.face[0])]
    return {
        "face": (face.name, ""),
        "family": (face.family, ""),
        "category": (face.category, ""),
        "file": (face.path.name, ""),
        "number": (face.number, "in its file"),
        "axes": ([f"{tag} {value:g}" for tag, value in face.location], "that leave their default"),
    }


def _laid(studio: Studio, looks: Looks, seed: int, own: U64) -> Sections:
    """Return how the line lies in its picture, and the texts around it; spacing is taken from faces whose letters touch, in place."""
    texts = plan_own_texts(studio.texts, studio.rules, studio.keeps, seed, own).texts
    face, _ = choose_faces(studio.faces, texts.codes, texts.offsets, seed, own)
    looks["spacing"][studio.faces.joined[face]] = 0
    lines, _ = studio.shape(face, strings(studio.alphabet, texts.codes, texts.offsets))
    frames, _ = placed(studio, looks, lines, face, texts.offsets)
    rows, others = plan_others(studio, looks, seed, own)
    spelt_out = strings(studio.alphabet, others.codes, others.offsets)
    beneath = bool(looks["beneath"][0] > 0)
    around: Choices = {
        "beneath" if beneath else PLACES[row % SIDES]: (text, "drawn where its face has every character")
        for row, text in zip(rows.tolist(), spelt_out, strict=True)
    }
    size: Choices = {"font_px": (plain(float(EM_PX * frames["scale"][0])), "px an em, at the middle")}
    return {"layout": size | layout_of(frames[0]), "other texts": around}


def _outcome(studio: Studio, seed: int, own: U64, block: WordBlock) -> Choices:
    """Return what painting found: the ink that could be read, and how often it began again."""
    counts = render_words(studio, seed, own).counts
    passed = counts["inks_passed_over"]
    ink: Value = f"candidate {passed}" if passed < CANDIDATES else "black or white, as none could be read"
    return {
        "ink used": (ink, "of the first attempt; counted from 0"),
        "contrast": (plain(float(block.contrast[0])), "0 to 1"),
        "redrawn": (counts["redrawn"], "times in plainer ink, as it could not be read"),
        "faint": (counts["faint"], "1: can hardly be read even so"),
        "texts refused": (counts["refused"], "candidates that did not fit the reader's steps"),
        "size": ([int(block.width[0]), block.height], "px, width and height"),
    }
