"""Reading with a word list, against all paths of all texts that the list allows."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recognizer.decode import Reading, beam
from recognizer.decode_kernels import Automaton
from recognizer.lexicon import Lexicon, lexicon_beam
from synthgen.alphabet import PRINTABLE_92, Alphabet
from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from tests.recognizer.all_paths import WIDE, logits_of, noise, some_logits, totals

NEVER = 1e300  # an unknown_factor that no text beats
AB = Alphabet("ab ")
CASES = Alphabet("aA ")
ab_words = st.lists(st.text("ab", min_size=1, max_size=3), max_size=5)
case_words = st.lists(st.text("aA", min_size=1, max_size=3), max_size=3)


def text_of(reading: Reading, alphabet: Alphabet) -> str:
    return alphabet.decode(np.array(reading.labels, dtype=np.uint16))


def allowed(text: str, words: list[str], *, ignore_case: bool = False) -> bool:
    if ignore_case:
        return allowed(text.lower(), [word.lower() for word in words])
    return all(part in words for part in text.split(" "))


def passes(automaton: Automaton, labels: tuple[int, ...]) -> bool:
    state = 0
    for label in labels:
        edges = slice(automaton.first[state], automaton.first[state + 1])
        following = automaton.target[edges][automaton.label[edges] == label]
        assert len(following) <= 1
        if len(following) == 0:
            return False
        state = int(following[0])
    return bool(automaton.final[state])


def read(path: str, lexicon: Lexicon, **options: float) -> str:
    (reading,) = lexicon_beam(logits_of(path, PRINTABLE_92), lexicon, 10, **options)
    return text_of(reading, Alphabet())


def check_against_all_paths(logits: F32, words: list[str], alphabet: Alphabet, factor: float, *, ignore_case: bool = False) -> None:
    (reading,) = lexicon_beam(logits, Lexicon.build(words, alphabet, ignore_case=ignore_case), WIDE, factor)
    found = {alphabet.decode(np.array(labels, np.uint16)): chance for labels, chance in totals(logits[0]).items()}
    known = {text: chance for text, chance in found.items() if allowed(text, words, ignore_case=ignore_case)}
    margin = np.log(max(found.values())) - np.log(factor) - (np.log(max(known.values())) if known else -np.inf)
    assume(abs(margin) > 1e-9)
    likely = found if margin > 0 else known
    assert text_of(reading, alphabet) in likely
    assert reading.confidence == pytest.approx(likely[text_of(reading, alphabet)], rel=1e-9)
    assert reading.confidence >= max(likely.values()) * (1 - 1e-9)


@given(logits=some_logits(4), words=ab_words, factor=st.sampled_from([1.0, 3.0, 100.0, NEVER]))
def test_a_wide_beam_finds_the_most_probable_listed_text_or_one_that_beats_it_by_the_factor(
    logits: F32, words: list[str], factor: float
) -> None:
    check_against_all_paths(logits, words, AB, factor)


@given(logits=some_logits(4), words=case_words, factor=st.sampled_from([3.0, NEVER]))
def test_a_wide_beam_that_ignores_case_finds_the_most_probable_in_any_case(logits: F32, words: list[str], factor: float) -> None:
    check_against_all_paths(logits, words, CASES, factor, ignore_case=True)


@given(words=ab_words)
def test_the_automaton_passes_the_listed_words_between_single_spaces_and_nothing_else(words: list[str]) -> None:
    automaton = Lexicon.build(words, AB).automaton
    for size in range(6):
        for labels in product((1, 2, 3), repeat=size):
            assert passes(automaton, labels) == allowed(AB.decode(np.array(labels, np.uint16)), words)


@given(words=case_words)
def test_the_automaton_that_ignores_case_passes_every_case(words: list[str]) -> None:
    lexicon = Lexicon.build(words, CASES, ignore_case=True)
    assert lexicon.words == len({word.lower() for word in words})
    for size in range(5):
        for labels in product((1, 2, 3), repeat=size):
            assert passes(lexicon.automaton, labels) == allowed(CASES.decode(np.array(labels, np.uint16)), words, ignore_case=True)


@given(seed=st.integers(0, 2**32), width=st.integers(1, 3))
def test_however_narrow_the_beam_a_text_is_a_whole_listed_one_or_the_one_found_without_a_list(seed: int, width: int) -> None:
    words, logits = ["ab", "abba", "bab"], noise(seed, 6, 4, samples=8)
    for known, free in zip(lexicon_beam(logits, Lexicon.build(words, AB), width, NEVER), beam(logits, width), strict=True):
        assert allowed(text_of(known, AB), words) or known == free


def test_the_last_step_has_no_room_for_texts_that_break_off() -> None:
    logits = np.log(np.array([[[0.05, 0.9, 0.04, 0.01], [0.6, 0.04, 0.35, 0.01]]], dtype=np.float32))  # of blank, a, b, space
    (reading,) = lexicon_beam(logits, Lexicon.build(["ab"], AB), 1, NEVER)
    assert text_of(reading, AB) == "ab"
    assert reading.confidence == pytest.approx(0.9 * 0.35, rel=1e-5)


def test_a_listed_word_is_read_where_a_letter_is_in_doubt() -> None:
    logits = logits_of("0~rganic", PRINTABLE_92)
    logits[0, 0, Alphabet().classes["O"]] = 10
    assert text_of(beam(logits, 10)[0], Alphabet()) == "0rganic"
    assert text_of(lexicon_beam(logits, Lexicon.build(["Organic", "Orange"], Alphabet()), 10)[0], Alphabet()) == "Organic"


@pytest.mark.parametrize("path", ["5~0~0g", "12.9~9", "%", "~~Organix~", "o~rganic"])
def test_numbers_punctuation_and_unlisted_words_are_read_as_they_stand(path: str) -> None:
    assert read(path, Lexicon.build(["Organic"], Alphabet())) == path.replace("~", "")


def test_nothing_listed_is_found_where_nothing_fits_and_so_what_stands_there_is_kept() -> None:
    assert read("abc", Lexicon.build(["abcdef"], Alphabet()), unknown_factor=NEVER) == "abc"
    assert read("abc", Lexicon.build([], Alphabet()), unknown_factor=NEVER) == "abc"


def test_words_are_joined_by_spaces_and_a_listed_phrase_is_its_words() -> None:
    lexicon = Lexicon.build(["olive oil", "extra"], Alphabet())
    assert lexicon.words == 3
    assert read("extra oil olive", lexicon, unknown_factor=NEVER) == "extra oil olive"


def test_words_cannot_be_joined_in_an_alphabet_without_a_space() -> None:
    automaton = Lexicon.build(["ab", "ba"], Alphabet("abc")).automaton
    passed = [labels for size in range(6) for labels in product((1, 2, 3), repeat=size) if passes(automaton, labels)]
    assert passed == [(1, 2), (2, 1)]


def test_output_keeps_the_case_that_was_read() -> None:
    lexicon = Lexicon.build(["Organic"], Alphabet(), ignore_case=True)
    assert [read(path, lexicon, unknown_factor=NEVER) for path in ("Organic", "ORGANIC", "oRGaniC")] == ["Organic", "ORGANIC", "oRGaniC"]
    assert read("ORGANIC", Lexicon.build(["Organic"], Alphabet()), unknown_factor=NEVER) == "Organic"


def test_words_are_folded_and_those_that_cannot_be_or_do_not_fit_are_counted() -> None:
    lexicon = Lexicon.build(["Müsli", "Musli", "日本", "x" * 16, "y" * 31, "", "  "], Alphabet())
    assert lexicon.words == 2
    assert lexicon.dropped == {"foreign_words": 1, "long_words": 1}  # equal neighbours need a step between: 61 steps for y
    assert Lexicon.build(["y" * 31], Alphabet(), steps=61).dropped["long_words"] == 0


def test_only_where_case_is_ignored_a_word_may_be_folded_in_another() -> None:
    capitals = Alphabet("ABC")
    assert Lexicon.build(["abc"], capitals).dropped["foreign_words"] == 1
    assert passes(Lexicon.build(["abc"], capitals, ignore_case=True).automaton, (1, 2, 3))


def test_a_file_has_a_word_a_line_whatever_its_line_ends_and_mark(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufefföl\r\nolive oil\n\n日本\n".encode())
    lexicon = Lexicon.read(path, Alphabet())
    assert (lexicon.words, lexicon.dropped["foreign_words"]) == (3, 1)
    assert passes(lexicon.automaton, tuple(Alphabet().encode("ol oil").tolist()))


def test_a_file_may_be_read_without_regard_to_case_and_for_other_steps(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("ab\nabab\n", encoding="utf-8")
    lexicon = Lexicon.read(path, Alphabet("AB"), ignore_case=True, steps=3)
    assert (lexicon.words, lexicon.dropped["long_words"]) == (1, 1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"lexicon .*none\.txt: cannot be read: .*; give a text file, one word a line"):
        Lexicon.read(tmp_path / "none.txt", Alphabet())


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"\xfcber")
    with pytest.raises(SynthgenError, match=r"lexicon .*latin\.txt: need UTF-8, got .*0xfc.*; save the file as UTF-8"):
        Lexicon.read(tmp_path / "latin.txt", Alphabet())


@pytest.mark.parametrize(("text", "found"), [("日本\nカ\n", "2 foreign words"), ("\n", "none"), ("a" * 99, "1 long words")])
def test_a_file_without_a_usable_word_is_refused(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "words.txt").write_text(text, encoding="utf-8")
    with pytest.raises(SynthgenError, match=f"need at least one word in the alphabet, got {found}; write one word a line"):
        Lexicon.read(tmp_path / "words.txt", Alphabet())


@pytest.mark.parametrize("factor", [0.5, np.inf, np.nan])
def test_a_factor_that_means_nothing_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="unknown_factor: need 1 or more, finite, got "):
        lexicon_beam(np.zeros((1, 2, 4), dtype=np.float32), Lexicon.build(["a"], AB), 3, factor)


def test_logits_of_another_alphabet_are_refused() -> None:
    with pytest.raises(ValueError, match="need the 4 classes of the lexicon's alphabet, got 93"):
        lexicon_beam(np.zeros((1, 31, 93), dtype=np.float32), Lexicon.build(["a"], AB), 3)


def test_logits_of_another_shape_and_a_beam_of_no_width_are_refused() -> None:
    lexicon = Lexicon.build(["a"], AB)
    with pytest.raises(ValueError, match=r"need \(n, t, classes\)"):
        lexicon_beam(np.zeros((5, 4), dtype=np.float32), lexicon, 3)
    with pytest.raises(ValueError, match="need 1 or more prefixes, got -1"):
        lexicon_beam(np.zeros((1, 5, 4), dtype=np.float32), lexicon, -1)
