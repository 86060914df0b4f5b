"""What is printed of a reader's steps says what greedy decoding does with them."""

import numpy as np
import pytest
from hypothesis import given

from recognizer.decode import greedy
from recognizer.merge_steps import merge_steps
from synthgen.alphabet import PRINTABLE_92, Alphabet
from synthgen.arrays import F32
from tests.recognizer.all_paths import chances_of, logits_of, some_logits

HELLO = "HHH~~ee~lll~l~oo"


def after(start: str, lines: list[str]) -> str:
    (line,) = [line for line in lines if line.startswith(f"{start} ")]
    return line.removeprefix(start).strip()


def shown(path: str, characters: str = PRINTABLE_92) -> list[str]:
    return merge_steps(logits_of(path, characters)[0], Alphabet(characters))


def test_the_talks_path_is_merged_before_the_readers_eyes() -> None:
    lines = shown(HELLO)
    assert after("path", lines) == "HHH··ee·lll·l·oo"
    assert after("merged", lines) == "H·e·l·l·o"
    assert after("text", lines) == "Hello"


@given(logits=some_logits(4))
def test_text_steps_and_confidence_are_those_of_greedy_decoding(logits: F32) -> None:
    alphabet = Alphabet("ab-")
    lines = merge_steps(logits[0], alphabet)
    (reading,) = greedy(logits)
    text = alphabet.decode(np.array(reading.labels, dtype=np.uint16))
    assert after("text", lines) == text
    assert after("sure", lines).startswith(f"{reading.confidence:.4f}, ")
    table = [line.split(maxsplit=3) for line in lines[1 : 1 + logits.shape[1]]]
    best = logits[0].argmax(axis=1)
    assert [row[:2] for row in table] == [[str(n), "·ab-"[k]] for n, k in enumerate(best.tolist(), start=1)]
    np.testing.assert_allclose([float(row[2]) for row in table], chances_of(logits[0]).max(axis=1), atol=6e-5)
    assert [row[3] for row in table if "," not in row[3]] == [text[:n] for n in range(1, len(text) + 1)]


def test_a_step_that_adds_nothing_says_why() -> None:
    notes = [line.split(maxsplit=3)[3] for line in shown("~ll~l")[1:6]]
    assert notes == ["blank, dropped", "l", "repeat, merged", "blank, dropped", "ll"]


def test_blank_hyphen_and_space_are_told_apart_and_explained() -> None:
    lines = shown("~a~- ~b")
    assert after("path", lines) == "·a·-␣·b"
    assert after("text", lines) == "a-␣b"
    assert after("signs", lines) == "· the blank: no character, it keeps equal neighbours apart; ␣ a space"


def test_the_sign_of_the_blank_is_none_of_the_alphabets_characters() -> None:
    lines = shown("·~␣ ", "·␣ ")
    assert after("path", lines) == "·∅␣⎵"
    assert after("text", lines) == "·␣⎵"


def test_an_alphabet_without_a_space_has_no_sign_for_it() -> None:
    assert "space" not in after("signs", shown("a", "ab"))


@pytest.mark.parametrize("shape", [(1, 31, 93), (31, 93, 1), (93,), (31, 92)], ids=str)
def test_logits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"need \(t, 93\), a class a character and the blank, got shape "):
        merge_steps(np.zeros(shape, dtype=np.float32), Alphabet())
