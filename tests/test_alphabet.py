"""Characters and classes, and how text from anywhere is folded into them."""

import unicodedata
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.alphabet import LARGEST, PRINTABLE_92, Alphabet, steps_needed
from synthgen.errors import SynthgenError

ASCII = Alphabet()


def test_the_default_is_printable_ascii_in_code_order_less_backtick_caret_and_tilde() -> None:
    assert list(PRINTABLE_92) == [chr(code) for code in range(0x20, 0x7F) if code not in (0x60, 0x5E, 0x7E)]
    assert len(ASCII.characters) == 92
    assert (ASCII.classes[" "], ASCII.classes["!"], ASCII.classes["}"]) == (1, 2, 92)


@given(text=st.text(PRINTABLE_92))
def test_decoding_gives_back_what_was_encoded(text: str) -> None:
    codes = ASCII.encode(text)
    assert codes.dtype == np.uint16
    assert codes.shape == (len(text),)
    assert ((codes >= 1) & (codes <= 92)).all()
    assert ASCII.decode(codes) == text


def test_encoding_a_character_outside_the_alphabet_is_the_callers_fault() -> None:
    with pytest.raises(KeyError):
        ASCII.encode("50€")


@given(text=st.text())
def test_folded_text_is_in_the_alphabet_and_folds_to_itself(text: str) -> None:
    folded = ASCII.fold(text)
    if folded is not None:
        assert set(folded) <= set(PRINTABLE_92)
        assert ASCII.fold(folded) == folded


@given(text=st.text(PRINTABLE_92))
def test_folding_plain_ascii_only_closes_up_spaces(text: str) -> None:
    assert ASCII.fold(text) == " ".join(text.split())


@given(text=st.text(PRINTABLE_92, min_size=1), at=st.integers(0))
def test_one_character_without_counterpart_refuses_the_whole_line(text: str, at: int) -> None:
    cut = at % (len(text) + 1)
    assert ASCII.fold(f"{text[:cut]}\u6f22{text[cut:]}") is None


@given(text=st.text(st.sampled_from("aeoucnzAEOUCNZ éüçñÅ1.")))
def test_composed_and_decomposed_accents_fold_alike(text: str) -> None:
    assert ASCII.fold(unicodedata.normalize("NFD", text)) == ASCII.fold(unicodedata.normalize("NFC", text)) is not None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème brûlée", "Creme brulee"),
        ("“Mom’s” – best—ever", '"Mom\'s" - best-ever'),
        ("2\u202f×\u00a0100\u2009g", "2 x 100 g"),
        ("½ cup", "1/2 cup"),
        ("Coke®", None),
        ("ﬁne ＡＢ１", "fine AB1"),
        ("  tabs\tand\nlines ", "tabs and lines"),
        ("10 °C", None),
        ("a~b", None),
        ("", ""),
    ],
)
def test_text_as_found_on_packs_folds_as_a_person_would_type_it(text: str, folded: str | None) -> None:
    assert ASCII.fold(text) == folded


def test_a_character_the_alphabet_has_is_kept_as_it_is() -> None:
    assert Alphabet("aéß™ ").fold("é™ß a") == "é™ß a"


def test_capitals_and_small_letters_are_mapped_within_the_alphabet() -> None:
    alphabet = Alphabet("aAbß1")
    assert alphabet.upper.tolist() == [0, 2, 2, 3, 4, 5]  # b has no capital here, and that of ß is two letters
    assert alphabet.lower.tolist() == [0, 1, 1, 3, 4, 5]


def test_the_whole_default_alphabet_changes_case_as_python_does() -> None:
    codes = ASCII.encode(PRINTABLE_92)
    assert ASCII.decode(ASCII.upper[codes]) == PRINTABLE_92.upper()
    assert ASCII.decode(ASCII.lower[codes]) == PRINTABLE_92.lower()


def merges_to(path: list[str], text: str) -> bool:
    """Return whether CTC reads `path` as `text`: equal neighbours merged, then blanks dropped."""
    return "".join(char for char, _ in groupby(path) if char != "-") == text


@given(text=st.text("ab", max_size=8))
def test_steps_needed_are_the_fewest_over_which_ctc_can_write_the_text(text: str) -> None:
    reached = {("", "")}  # (written so far, last symbol) after each step, over all paths
    steps = 0
    while not any(written == text for written, _ in reached):
        reached = {(w + s if s not in (last, "-") else w, s) for w, last in reached for s in "ab-"}
        reached = {(w, s) for w, s in reached if text.startswith(w)}
        steps += 1
    assert steps_needed(text) == steps


@given(text=st.text("ab", max_size=12))
def test_a_path_of_steps_needed_with_blanks_between_twins_reads_back(text: str) -> None:
    path = [symbol for n, char in enumerate(text) for symbol in (("-", char) if n and text[n - 1] == char else (char,))]
    assert len(path) == steps_needed(text)
    assert merges_to(path, text)


def test_an_alphabet_file_gives_its_characters_in_order_without_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "alphabet.txt"
    path.write_bytes("abc\r\nÄ €\n".encode())
    assert Alphabet.read(path).characters == "abcÄ €"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"abca", r"each character once, got \['a'\]"),
        (b"\n", "got 0"),
        (b"\xff\xfe", "cannot be read as UTF-8"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + LARGEST + 1))).encode(), f"got {LARGEST + 1}"),
    ],
)
def test_a_bad_alphabet_file_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "alphabet.txt"
    path.write_bytes(content)
    with pytest.raises(SynthgenError, match=message):
        Alphabet.read(path)


def test_a_missing_alphabet_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none\.txt"):
        Alphabet.read(tmp_path / "none.txt")
