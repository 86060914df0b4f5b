from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.alphabet import Alphabet
from synthgen.assets.fonts import Face, find_faces
from synthgen.assets.glyphs import Glyphs, build_glyphs
from synthgen.assets.shaping import Runs, Shaper
from synthgen.errors import SynthgenError
from tests.assets.made_fonts import letters, make_font

ALPHABET = Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,-")
Setup = tuple[Shaper, Glyphs, list[Face]]


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    faces = [face for face in find_faces(True, None, 2)[0] if face.family in ("Roboto", "Lato", "Lobster", "Montserrat")]
    glyphs, kept, _ = build_glyphs(faces, ALPHABET, tmp_path_factory.mktemp("cache"))
    return Shaper(kept, glyphs), glyphs, kept


def number_of(faces: list[Face], name: str) -> np.ndarray:
    return np.array([next(k for k, face in enumerate(faces) if face.name == name)], np.int32)


def glyphs_of(runs: Runs, text: int) -> slice:
    return slice(int(runs.offsets[text]), int(runs.offsets[text + 1]))


@pytest.mark.parametrize("name", ["Lato 400", "Montserrat 700"])
def test_advances_are_those_of_the_font_tables(setup: Setup, name: str) -> None:
    shaper, _, faces = setup
    face = faces[int(number_of(faces, name)[0])]
    font = TTFont(face.path)
    drawn, cmap = font.getGlyphSet(location=dict(face.location)), font.getBestCmap()
    for char in "aHmi09.":
        runs = shaper.shape(number_of(faces, name), [char])
        wanted = drawn[cmap[ord(char)]].width * 48 / font["head"].unitsPerEm
        assert runs.advance.tolist() == pytest.approx([wanted], abs=0.03)  # half a unit, which either may round away
        assert runs.width[0] == runs.advance[0]


def test_a_pair_is_kerned(setup: Setup) -> None:
    shaper, _, faces = setup
    runs = shaper.shape(np.repeat(number_of(faces, "Lato 400"), 3), ["AV", "A", "V"])
    pair, a, v = runs.width.tolist()
    assert 0.7 * (a + v) < pair < a + v - 0.5


def test_a_ligature_is_one_glyph_for_its_characters(setup: Setup) -> None:
    shaper, glyphs, faces = setup
    runs = shaper.shape(number_of(faces, "Montserrat 400"), ["office"])
    assert runs.cluster.tolist() == [0, 1, 2, 4, 5]  # o, f, fi, c, e
    assert not runs.missing[0]
    assert glyphs.ink[runs.glyph[2], 2] > glyphs.ink[runs.glyph[1], 2]


def test_a_text_does_not_depend_on_its_neighbours(setup: Setup) -> None:
    shaper, _, faces = setup
    texts = ["AVOCADO", "", "9g protein", "office", "a"]
    numbers = (np.arange(5, dtype=np.int32) * 3) % len(faces)
    numbers = numbers.astype(np.int32)
    whole = shaper.shape(numbers, texts)
    for place, text in enumerate(texts):
        alone, part = shaper.shape(numbers[place : place + 1], [text]), glyphs_of(whole, place)
        for name in ("glyph", "cluster", "x", "y", "advance"):
            assert getattr(whole, name)[part].tolist() == getattr(alone, name).tolist()
        assert (whole.width[place], whole.missing[place]) == (alone.width[0], alone.missing[0])


@settings(max_examples=40, deadline=None)
@given(text=st.text(ALPHABET.characters, max_size=20), face=st.integers(0, 5))
def test_runs_are_whole(setup: Setup, text: str, face: int) -> None:
    shaper, glyphs, _ = setup
    runs = shaper.shape(np.array([face], np.int32), [text])
    assert runs.offsets.tolist() == [0, len(runs.glyph)]
    assert not runs.missing[0]
    assert ((glyphs.first[face] <= runs.glyph) & (runs.glyph < glyphs.first[face + 1])).all()
    assert runs.cluster.tolist() == sorted(runs.cluster.tolist())
    assert set(runs.cluster.tolist()) <= set(range(len(text)))
    assert runs.width[0] == pytest.approx(runs.advance.sum(), abs=1e-3)
    pens = np.concatenate([[0], np.cumsum(runs.advance)])[:-1]
    assert np.abs(runs.x - pens).max(initial=0) < 24  # the offset of a glyph from its pen


def test_a_character_outside_the_basic_plane_counts_once(setup: Setup) -> None:
    runs = setup[0].shape(np.zeros(1, np.int32), ["a\U0001f600b"])
    assert runs.cluster.tolist() == [0, 1, 2]
    assert runs.missing.tolist() == [True]


def test_what_the_atlas_does_not_hold_is_missing(setup: Setup) -> None:
    runs = setup[0].shape(np.zeros(3, np.int32), ["ab", "a%", "a\u0416\u4e00"])
    assert runs.missing.tolist() == [False, True, True]


def test_hebrew_runs_from_right_to_left_with_falling_clusters(tmp_path: Path) -> None:
    text = "\u05d0\u05d1\u05d2"
    make_font(tmp_path / "made.ttf", letters("\u05d0\u05d1") | {"\u05d2": (0, 0, 90, 90)})
    glyphs, faces, _ = build_glyphs(find_faces(False, tmp_path)[0], Alphabet(text), tmp_path / "cache")
    runs = Shaper(faces, glyphs).shape(np.zeros(1, np.int32), [text])
    assert runs.cluster.tolist() == [2, 1, 0]
    assert runs.glyph.tolist() == [2, 1, 0]
    assert runs.x.tolist() == [0, 24, 48]


def test_a_mark_is_set_higher_on_a_capital(setup: Setup, tmp_path: Path) -> None:
    faces = [face for face in find_faces(True, None)[0] if face.name == "IBM Plex Mono 400"]
    glyphs, faces, _ = build_glyphs(faces, Alphabet("Xx\u0301"), tmp_path / "cache")
    runs = Shaper(faces, glyphs).shape(np.zeros(2, np.int32), ["x\u0301", "X\u0301"])
    assert runs.cluster.tolist() == [0, 0, 0, 0]
    small, large = runs.y[1], runs.y[3]
    assert (small, large) == (0, pytest.approx(-182 * 48 / 1000, abs=1e-3))
    assert 0 < runs.x[1] + glyphs.ink[runs.glyph[1], 0] < runs.advance[0]  # it stands on its letter, not behind it


def test_a_font_file_that_has_gone_is_an_error(setup: Setup, tmp_path: Path) -> None:
    make_font(tmp_path / "made.ttf", letters("ab"))
    glyphs, faces, _ = build_glyphs(find_faces(False, tmp_path)[0], Alphabet("ab"), tmp_path / "cache")
    (tmp_path / "made.ttf").unlink()
    with pytest.raises(SynthgenError, match=r"made\.ttf: cannot be read"):
        Shaper(faces, glyphs).shape(np.zeros(1, np.int32), ["ab"])
