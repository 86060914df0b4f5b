"""Greedy, beam and attention decoding against all paths, one by one."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.decode import Reading, attention_greedy, beam, greedy
from synthgen.alphabet import PRINTABLE_92, Alphabet
from synthgen.arrays import F32
from tests.recognizer.all_paths import WIDE, chances_of, logits_of, merged, noise, plain_beam, some_logits, totals

TALK = "HHH~~eeee~~llll~~~lll~~~ooooo~~"  # 31 steps
DECODERS = {"greedy": greedy, "beam": lambda logits: beam(logits, 3), "attention": attention_greedy}
decoders = pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
Decoder = Callable[[F32], list[Reading]]


def ab(steps: list[tuple[float, float, float]]) -> F32:
    """Return the logits of steps with these probabilities of blank, A and B."""
    return np.log(np.array([steps], dtype=np.float32))


@given(logits=some_logits())
def test_a_wide_beam_finds_the_most_probable_text_and_its_total_probability(logits: F32) -> None:
    (reading,) = beam(logits, WIDE)
    found = totals(logits[0])
    assert reading.confidence == pytest.approx(found[reading.labels], rel=1e-9)
    assert reading.confidence >= max(found.values()) * (1 - 1e-9)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 9), classes=st.integers(2, 5), width=st.integers(1, 6))
def test_a_narrow_beam_keeps_what_the_papers_algorithm_keeps(seed: int, steps: int, classes: int, width: int) -> None:
    logits = noise(seed, steps, classes)
    text, log = plain_beam(logits[0], width)
    (reading,) = beam(logits, width)
    assert reading.labels == text
    assert np.log(reading.confidence) == pytest.approx(log, abs=1e-9)


def test_a_prefix_that_left_the_beam_and_comes_back_is_still_the_parent_of_its_longer_ones() -> None:
    logits = noise(1, steps=14, classes=3, samples=60)  # it happens in one of ten of these
    assert [reading.labels for reading in beam(logits, 6)] == [plain_beam(one, 6)[0] for one in logits]
    logs = np.log([reading.confidence for reading in beam(logits, 6)])
    np.testing.assert_allclose(logs, [plain_beam(one, 6)[1] for one in logits], rtol=0, atol=1e-9)


@given(seed=st.integers(0, 2**32), samples=st.integers(0, 5), width=st.integers(1, 4))
def test_a_reading_does_not_depend_on_its_neighbours_in_the_batch(seed: int, samples: int, width: int) -> None:
    logits = noise(seed, steps=7, classes=4, samples=samples)
    for decode in (greedy, attention_greedy, lambda some: beam(some, width)):
        assert decode(logits) == [decode(one[None])[0] for one in logits]


def test_paths_too_improbable_for_a_float_are_still_told_apart() -> None:
    logits = noise(3, steps=900, classes=20)
    text, log = plain_beam(logits[0], 3)
    assert log < -750  # exp of it is 0
    assert beam(logits, 3) == [Reading(text, 0.0)]


def test_all_paths_of_a_text_count_not_its_best_alone() -> None:
    logits = ab([(0.6, 0.4, 0.0001), (0.6, 0.4, 0.0001)])
    assert greedy(logits)[0].labels == ()  # 0.36
    (reading,) = beam(logits, 10)  # A-, -A, AA: 0.64
    assert reading.labels == (1,)
    assert reading.confidence == pytest.approx(0.64, abs=1e-3)


def test_the_talks_example_of_three_steps_has_probability_0_704() -> None:
    (reading,) = beam(ab([(0.1, 0.8, 0.1), (0.2, 0.7, 0.1), (0.1, 0.1, 0.8)]), 10)
    assert reading.labels == (1, 2)
    assert reading.confidence == pytest.approx(0.704, abs=1e-6)


@pytest.mark.parametrize("decode", [greedy, lambda logits: beam(logits, 10)], ids=["greedy", "beam"])
def test_the_talks_31_steps_are_read_as_hello(decode: Decoder) -> None:
    (reading,) = decode(logits_of(TALK, PRINTABLE_92))
    assert len(TALK) == 31
    assert Alphabet().decode(np.array(reading.labels, dtype=np.uint16)) == "Hello"
    assert 0.95 < reading.confidence < 1


@given(logits=some_logits())
def test_greedy_merges_the_best_path_then_drops_blanks_and_has_its_probability(logits: F32) -> None:
    (reading,) = greedy(logits)
    assert reading.labels == merged(tuple(logits[0].argmax(axis=1).tolist()))
    assert reading.confidence == pytest.approx(np.prod(chances_of(logits[0]).max(axis=1)), rel=1e-9)
    assert reading.confidence <= totals(logits[0])[reading.labels] * (1 + 1e-9)


@given(logits=some_logits())
def test_attention_reads_up_to_the_first_end_and_counts_it(logits: F32) -> None:
    (reading,) = attention_greedy(logits)
    labels, confidence = [], 1.0
    for chance in chances_of(logits[0]):
        confidence *= chance.max()
        if chance.argmax() == 0:
            break
        labels.append(int(chance.argmax()))
    assert reading.labels == tuple(labels)
    assert reading.confidence == pytest.approx(confidence, rel=1e-9)


def test_attention_keeps_repeats_and_what_stands_after_the_end_is_nothing() -> None:
    (reading,) = attention_greedy(logits_of("aab~b~", "ab"))
    assert reading.labels == (1, 1, 2)


@given(logits=some_logits(samples=3))
def test_confidence_is_a_probability(logits: F32) -> None:
    for decode in DECODERS.values():
        assert all(0 <= reading.confidence <= 1 for reading in decode(logits))


def test_a_certain_texts_probability_is_1_however_its_parts_are_rounded() -> None:
    logits = noise(0, steps=3, classes=2, samples=400)
    logits[:, 1] = (-400, 400)  # so label 1 alone, whatever the steps beside it are: blank or 1
    assert max(reading.confidence for reading in beam(logits, 4)) == 1  # unbounded, ten of these come to 1.0000000000000002


@decoders
def test_large_logits_and_impossible_classes_do_no_harm(decode: Decoder) -> None:
    logits = np.full((1, 2, 3), -np.inf, dtype=np.float32)
    logits[0, :, 1] = 3e38
    labels = (1, 1) if decode is attention_greedy else (1,)
    assert decode(logits) == [Reading(labels, 1.0)]


@decoders
@pytest.mark.parametrize("shape", [(31, 93), (2, 0, 93), (2, 31, 1), (1, 2, 3, 4)], ids=str)
def test_logits_of_another_shape_are_refused(decode: Decoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"need \(n, t, classes\) with t >= 1 and classes >= 2, got shape "):
        decode(np.zeros(shape, dtype=np.float32))


@decoders
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused_with_their_place(decode: Decoder, bad: float) -> None:
    logits = np.zeros((2, 4, 3), dtype=np.float32)
    logits[1, 2, 0] = bad
    with pytest.raises(ValueError, match=f"need a finite largest value in each step, got {bad} in sample 1, step 2"):
        decode(logits)


def test_a_beam_of_no_width_is_refused() -> None:
    with pytest.raises(ValueError, match="need 1 or more prefixes, got 0"):
        beam(np.zeros((1, 2, 3), dtype=np.float32), 0)
