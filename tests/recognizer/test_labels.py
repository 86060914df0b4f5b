from itertools import groupby, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recognizer.labels import aligned, fitting, flat_classes, padded
from synthgen.alphabet import Alphabet, steps_needed

STEPS = 11
ABC = Alphabet("ab c")
TEXTS = st.lists(st.text("ab c", max_size=14), min_size=1, max_size=6)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_classes_are_those_of_the_alphabet_and_minus_one_outside_it(texts: list[str]) -> None:
    classes, offsets = flat_classes(texts, Alphabet())
    expected = [[Alphabet().classes.get(char, -1) for char in text] for text in texts]
    assert [classes[a:b].tolist() for a, b in pairwise(offsets)] == expected


@given(TEXTS)
def test_a_label_fits_if_ctc_has_steps_for_it_and_is_not_empty(texts: list[str]) -> None:
    fits = fitting(*flat_classes(texts, ABC), STEPS)
    assert fits.tolist() == [len(text) > 0 and steps_needed(text) <= STEPS for text in texts]


def test_a_label_with_a_character_outside_the_alphabet_does_not_fit() -> None:
    assert fitting(*flat_classes(["abx", "ab"], ABC), STEPS).tolist() == [False, True]


@given(TEXTS)
def test_labels_are_padded_with_zeros(texts: list[str]) -> None:
    rows = padded(*flat_classes(texts, ABC), STEPS)
    for text, row in zip(texts, rows, strict=True):
        assert row.tolist() == ([ABC.classes[c] for c in text] + [0] * STEPS)[:STEPS]


@given(TEXTS, st.data())
def test_an_aligned_path_reads_as_its_label(texts: list[str], data: st.DataObject) -> None:
    texts = [text for text in texts if text and steps_needed(text) <= STEPS] or ["aab"]
    classes, offsets = flat_classes(texts, ABC)
    share = st.floats(-0.25, 1.25, width=32)
    centres = np.array([x for text in texts for x in sorted(data.draw(st.lists(share, min_size=len(text), max_size=len(text))))])
    paths = aligned(padded(classes, offsets, STEPS), offsets, centres.astype(np.float32), STEPS)
    merged = ["".join(ABC.characters[k - 1] for k, _ in groupby(path.tolist()) if k) for path in paths]
    assert merged == texts


def test_characters_with_room_lie_at_the_step_under_their_centre() -> None:
    classes, offsets = flat_classes(["ab"], ABC)
    path = aligned(padded(classes, offsets, 31), offsets, np.array([0.25, 0.75], dtype=np.float32), 31)[0]
    assert np.flatnonzero(path).tolist() == [7, 23]  # of 32 columns the 8th and the 24th edge, steps lie on the edges between
