"""Faces: by weight, only such as draw the text, capitals where there is nothing else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.alphabet import READER_STEPS, Alphabet, steps_needed
from synthgen.scene.faces import FaceTable, choose_faces
from tests.studio_fixture import first

ALPHABET = Alphabet()
PLAIN, CAPITALS, NO_DIGITS = range(3)


def table_of(weights: tuple[float, ...] = (1.0, 1.0, 2.0)) -> FaceTable:
    """Return three faces: one of all characters, one of capitals only, one without digits."""
    covers = np.ones((3, 93), dtype=np.bool_)
    covers[:, 0] = False
    covers[NO_DIGITS, ALPHABET.encode("0123456789")] = False
    return FaceTable(covers, np.array([False, True, False]), np.zeros(3, np.bool_), np.array(weights), ALPHABET.upper)


def chosen(texts: list[str], table: FaceTable, seed: int = 0) -> tuple[list[int], list[str]]:
    codes = np.concatenate([ALPHABET.encode(text) for text in texts])
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    face, labels = choose_faces(table, codes, offsets, seed, first(len(texts)))
    assert np.array_equal(codes, np.concatenate([ALPHABET.encode(text) for text in texts]))  # the texts themselves stay
    return face.tolist(), [ALPHABET.decode(labels[a:b]) for a, b in pairwise(offsets)]


def test_weights_are_met() -> None:
    faces, _ = chosen(["Salt"] * 8_000, table_of())
    assert np.bincount(faces, minlength=3) / 8_000 == pytest.approx([0.25, 0.25, 0.5], abs=0.02)


def test_a_face_without_the_characters_is_never_chosen() -> None:
    faces, _ = chosen(["B12"] * 2_000, table_of((1e-6, 1e-6, 1.0)))
    assert NO_DIGITS not in faces


def test_capitals_label_what_a_face_of_capitals_draws() -> None:
    faces, labels = chosen(["Salt"] * 200, table_of())
    assert {(face == CAPITALS, label) for face, label in zip(faces, labels, strict=True)} == {(True, "SALT"), (False, "Salt")}


def test_oo_in_capitals_needs_a_step_more_and_may_not_fit() -> None:
    fits, too_long = "Oo" + "ab" * 14, "Oo" + "ab" * 14 + "a"
    assert (steps_needed(fits.upper()), steps_needed(too_long.upper()), steps_needed(too_long)) == (31, 32, 31)
    only_capitals = table_of((0.0, 1.0, 0.0))
    assert set(chosen([fits] * 50, only_capitals)[0]) == {CAPITALS}
    faces, labels = chosen([too_long] * 50, only_capitals)
    assert CAPITALS not in faces and set(labels) == {too_long}


def test_without_any_face_the_row_is_minus_1_and_the_label_stays() -> None:
    table = table_of()
    table.covers[:, ALPHABET.classes["#"]] = False
    assert chosen(["#1", "ok"], table)[0][0] == -1


@given(
    texts=st.lists(st.text(st.sampled_from("abAB09#oO "), min_size=1, max_size=20), min_size=1, max_size=12), seed=st.integers(0, 2**64 - 1)
)
def test_whatever_the_text_its_face_draws_it_and_its_label_fits(texts: list[str], seed: int) -> None:
    table = table_of()
    texts = [text for text in texts if steps_needed(text) <= READER_STEPS] or ["a"]
    faces, labels = chosen(texts, table, seed)
    for face, label, text in zip(faces, labels, texts, strict=True):
        assert face >= 0 and table.covers[face, ALPHABET.encode(label)].all()
        assert label == (text.upper() if face == CAPITALS else text)
        assert steps_needed(label) <= READER_STEPS
