"""The product-text grammar: its size, its kinds, its repeatability."""

import re
import string

from synthgen.alphabet import PRINTABLE_92, Alphabet
from synthgen.assets import grammar

LINES = grammar.lines()


def test_lines_are_always_the_same() -> None:
    assert grammar.lines(2_000) == grammar.lines(2_000)


def test_a_category_begins_alike_for_any_count() -> None:
    category = grammar.categories()[3]
    assert grammar._expand(category, 3, 40)[:10] == grammar._expand(category, 3, 10)


def test_there_are_about_sixty_thousand_lines_of_twenty_kinds() -> None:
    assert abs(len(LINES) - grammar.LINES) < 30
    assert len(grammar.categories()) >= 20


def test_no_slot_is_left_open_and_no_space_is_astray() -> None:
    for line in LINES:
        assert not re.search(r"\{[a-z0-9_-]{2,}\}", line), line
        assert line == " ".join(line.split()) != "", line


def test_every_line_is_of_the_alphabet_once_its_wild_slots_are_filled() -> None:
    strange = set("".join(LINES)) - set(PRINTABLE_92) - set(grammar.PLACEHOLDERS)
    assert not strange
    assert all(Alphabet().fold(line) == line for line in LINES[::97] if not set(line) & set(grammar.PLACEHOLDERS))


def test_what_packs_carry_is_there() -> None:
    whole = "\n".join(LINES).translate({ord(p): w for p, w in zip(grammar.PLACEHOLDERS, "91Aa", strict=True)})
    for wanted in ("NET WT", "FL OZ", "mL", "Gluten Free", "protein", "INGREDIENTS", "$1.99", "% OFF", "BEST B", "EXP", "LOT", "SKU"):
        assert wanted in whole, wanted
    for wanted in ("1-800-555-01", "www.", "@", "KEEP OUT OF REACH", "Made in", "Recycl", "USB", "Shampoo", "& Sons", "EUR", "E199"):
        assert wanted in whole, wanted


def test_words_are_shared_out_as_the_categories_ask() -> None:
    known = grammar.categories()
    whole = sum(category.share for category in known)
    words = [line.count(" ") + 1 for line in LINES]
    begin = 0
    for number, category in enumerate(known):
        size = _size_of(number)
        share = sum(words[begin : begin + size]) / sum(words)
        assert abs(share - category.share / whole) < 0.25 * category.share, category.name
        begin += size
    assert begin == len(LINES)


def _size_of(number: int) -> int:
    """Return how many of LINES a category gave, by expanding it until its lines leave LINES."""
    category, first = grammar.categories()[number], sum(SIZES)
    longest = grammar._expand(category, number, len(LINES) - first if len(LINES) - first < 9_000 else 9_000)
    size = next((k for k, (a, b) in enumerate(zip(longest, LINES[first:], strict=False)) if a != b), min(len(longest), len(LINES) - first))
    SIZES.append(size)
    return size


SIZES: list[int] = []


def test_numbers_keep_the_width_of_their_low_end() -> None:
    assert grammar._numbers("01", "12") == tuple(f"{n:02d}" for n in range(1, 13))
    assert grammar._numbers("9", "11") == ("9", "10", "11")


def test_wild_slots_stand_for_digits_and_letters() -> None:
    assert set(grammar.MARKS) == {"9", "1", "A", "a"} and not set(grammar.PLACEHOLDERS) & set(string.printable)
