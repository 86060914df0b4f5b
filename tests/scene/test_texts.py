"""Labels: what they may hold, what they do not depend on, and that every character is seen."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.alphabet import PRINTABLE_92, READER_STEPS, Alphabet, steps_needed
from synthgen.arrays import F64, U64
from synthgen.recipe import TextRecipe
from synthgen.scene import text_kernels as kernels
from synthgen.scene import texts as texts_module
from synthgen.scene.text_kernels import WordArrays
from synthgen.scene.texts import (
    MOST_SIDES,
    NEIGHBOUR_STEPS,
    WILD_SLOTS,
    TextRules,
    Texts,
    TextTable,
    plan_neighbours,
    plan_texts,
    prepare_rules,
)

Many = list[list[str]]  # sources of lines
LEAST = 1 / 2_000
SHOP = [
    ["Net Wt 15 OZ (425g)", "Sea Salt & Vinegar", "No Artificial Flavors", "$4.99 each", "jazz quiz", "Fizzy Lemon Soda 330 ml"],
    ["Zero Sugar", "the", "Best before end of year"],
]
WILD_WORD = "".join(chr(0xE000 + k) for k in range(len(WILD_SLOTS)))


def table_of(sources: Many, alphabet: Alphabet | None = None, weight: tuple[float, ...] = (), cumulative: F64 | None = None) -> TextTable:
    """Return the table of some lines; U+E000 and on stand for the wild slots, `cumulative` makes the first source a list of words."""
    classes = (alphabet or Alphabet()).classes | dict(zip(WILD_WORD, WILD_SLOTS, strict=True))
    lines = [[line.split() for line in lines] for lines in sources]
    words = [word for source in lines for line in source for word in line]
    counts = [sum(map(len, source)) for source in lines]
    listed = [0, *([0 if cumulative is None else len(cumulative)] * len(sources))]
    arrays = WordArrays(
        codes=np.array([classes[c] for word in words for c in word], dtype=np.uint16),
        start=np.cumsum([0, *map(len, words)], dtype=np.int32),
        last=np.array([k == len(line) - 1 for source in lines for line in source for k in range(len(line))]),
        first=np.cumsum([0, *counts], dtype=np.int64),
        cumulative=np.zeros(0) if cumulative is None else cumulative,
        cumulative_first=np.array(listed, dtype=np.int64),
    )
    return TextTable(arrays, np.array(weight or [1.0] * len(sources)), tuple(map(str, range(len(sources)))), {})


def texts_of(texts: Texts, alphabet: Alphabet | None = None) -> list[str]:
    alphabet = alphabet or Alphabet()
    return [alphabet.decode(texts.codes[a:b]) for a, b in pairwise(texts.offsets)]


def all_neighbours(table: TextTable, rules: TextRules, seed: int, index: U64) -> Texts:
    """Return a neighbour for each side of each sample."""
    sides = np.arange(MOST_SIDES, dtype=np.uint64)
    return plan_neighbours(table, rules, seed, np.repeat(index, MOST_SIDES), np.tile(sides, len(index)))


def first(count: int, begin: int = 0) -> U64:
    return np.arange(begin, begin + count, dtype=np.uint64)


def quick_rules(recipe: TextRecipe, table: TextTable) -> TextRules:
    """Return rules measured on few labels, for tests in which a rough balance will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "TRIALS", 2_000)
        return prepare_rules(recipe, Alphabet(), table)


@cache
def shop() -> tuple[TextTable, TextRules]:
    table = table_of(SHOP)
    return table, quick_rules(TextRecipe(), table)


def planned(sources: Many, recipe: TextRecipe, count: int = 4_000) -> list[str]:
    table = table_of(sources)
    return texts_of(plan_texts(table, quick_rules(recipe, table), 3, first(count)))


PLAIN = TextRecipe(balance_floor=0.0, upper_share=0.0, title_share=0.0, lower_share=0.0, phrase_share=0.0)


def assert_sound(labels: list[str], steps: int = READER_STEPS) -> None:
    for label in labels:
        assert label and Alphabet().fold(label) == label, repr(label)
        assert steps_needed(label) <= steps, repr(label)


@given(cuts=st.sets(st.integers(1, 59)), seed=st.integers(0, 2**64 - 1), begin=st.integers(0, 2**63))
@settings(max_examples=25, deadline=None)
def test_labels_do_not_depend_on_how_they_are_sharded(cuts: set[int], seed: int, begin: int) -> None:
    table, rules = shop()
    edges = [0, *sorted(cuts), 60]
    parts = [plan_texts(table, rules, seed, first(b - a, begin + a)) for a, b in pairwise(edges)]
    whole = plan_texts(table, rules, seed, first(60, begin))
    assert [label for part in parts for label in texts_of(part)] == texts_of(whole)
    assert np.concatenate([part.source for part in parts]).tolist() == whole.source.tolist()
    assert sum(part.refused for part in parts) == whole.refused


def test_labels_change_with_the_seed_and_with_the_index() -> None:
    table, rules = shop()
    labels = texts_of(plan_texts(table, rules, 1, first(200)))
    assert labels != texts_of(plan_texts(table, rules, 2, first(200)))
    assert labels != texts_of(plan_texts(table, rules, 1, first(200, 200)))
    assert len(set(labels)) > 20


some_words = st.text(st.sampled_from(PRINTABLE_92.replace(" ", "") + WILD_WORD), min_size=1, max_size=40)
some_lines = st.lists(st.lists(some_words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=4)


@given(sources=st.lists(some_lines, min_size=1, max_size=3), phrase_share=st.floats(0, 1), seed=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_every_label_fits_the_reader_and_folds_to_itself(sources: Many, phrase_share: float, seed: int) -> None:
    table = table_of(sources)
    rules = quick_rules(TextRecipe(phrase_share=phrase_share, phrase_words=8), table)
    assert_sound(texts_of(plan_texts(table, rules, seed, first(500))))
    assert_sound(texts_of(all_neighbours(table, rules, seed, first(100))), NEIGHBOUR_STEPS)


@pytest.mark.parametrize("word", ["o" * 60, "a" * 16, "Supercalifragilisticexpialidocious", "ab" * 20, WILD_WORD[0] * 40])
def test_a_source_of_words_that_do_not_fit_is_cut_and_counted(word: str) -> None:
    table = table_of([[word]])
    texts = plan_texts(table, quick_rules(PLAIN, table), 0, first(50))
    assert_sound(texts_of(texts))
    assert texts.refused >= 50 * (steps_needed(word) > READER_STEPS)
    assert {len(label) for label in texts_of(texts)} <= set(range(15, 32))


def test_a_word_that_fits_is_kept_whole_and_not_counted() -> None:
    table = table_of([["a" * 16, "abcdefghijklmnopqrstuvwxyz01234"]])
    texts = plan_texts(table, quick_rules(PLAIN, table), 0, first(50))
    assert set(texts_of(texts)) == {"a" * 16, "abcdefghijklmnopqrstuvwxyz01234"} and texts.refused == 0


@given(label=st.text(st.sampled_from("abc "), min_size=1, max_size=12))
@settings(deadline=None)
def test_fits_agrees_with_the_steps_of_the_alphabet(label: str) -> None:
    codes = Alphabet().encode(label)
    assert [kernels.fits(codes, len(codes), n) for n in range(26)] == [steps_needed(label) <= n for n in range(26)]


def test_phrases_are_words_that_follow_each_other_in_one_line() -> None:
    recipe = PLAIN.model_copy(update={"phrase_share": 1.0, "phrase_words": 3})
    found = set(planned([["one two three four", "solo"]], recipe))
    assert found == {"one two", "two three", "three four", "one two three", "two three four", "solo"}


def test_a_list_of_frequent_words_makes_phrases_of_words_drawn_apart() -> None:
    table = table_of([["aa", "bb", "cc"]], cumulative=np.array([0.7, 0.9, 1.0]))
    recipe = PLAIN.model_copy(update={"phrase_share": 0.5, "phrase_words": 2})
    labels = texts_of(plan_texts(table, quick_rules(recipe, table), 0, first(8_000)))
    assert len({label for label in labels if " " in label}) == 9
    assert np.mean([label == "aa" for label in labels if " " not in label]) == pytest.approx(0.7, abs=0.03)


def test_a_phrase_drops_the_words_that_do_not_fit() -> None:
    recipe = PLAIN.model_copy(update={"phrase_share": 1.0, "phrase_words": 4})
    table = table_of([["twelve-chars twelve-chars twelve-chars twelve-chars"]])
    texts = plan_texts(table, quick_rules(recipe, table), 0, first(200))
    assert set(texts_of(texts)) == {"twelve-chars twelve-chars"} and texts.refused > 50


def test_shares_are_met() -> None:
    recipe = TextRecipe(balance_floor=0.0, upper_share=0.3, title_share=0.2, lower_share=0.1, phrase_share=0.25)
    table = table_of([["aBc dEf gHi"], ["xYz kLm"]], weight=(3.0, 1.0))
    texts = plan_texts(table, quick_rules(recipe, table), 5, first(20_000))
    labels = texts_of(texts)
    assert np.mean([label.isupper() for label in labels]) == pytest.approx(0.3, abs=0.015)
    assert np.mean([label.istitle() for label in labels]) == pytest.approx(0.2, abs=0.015)
    assert np.mean([label.islower() for label in labels]) == pytest.approx(0.1, abs=0.015)
    assert np.mean([" " in label for label in labels]) == pytest.approx(0.25, abs=0.015)
    assert np.mean(texts.source == 0) == pytest.approx(0.75, abs=0.015)


def test_title_case_begins_words_and_not_their_tails() -> None:
    recipe = PLAIN.model_copy(update={"title_share": 1.0})
    source = [["don't", "NET", "9g", "(fresh)", "ready-to-eat", "a@b"]]
    assert set(planned(source, recipe, 200)) == {"Don't", "Net", "9g", "(Fresh)", "Ready-To-Eat", "A@B"}


def test_wild_slots_are_filled_with_their_kind_and_vary() -> None:
    labels = planned([[WILD_WORD * 5]], PLAIN)
    columns = [set(column) for column in zip(*labels, strict=True)]
    sets = ("0123456789", "123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    assert columns == [set(letters) for letters in sets] * 5
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("source", [SHOP[0], ["a"], ["WATER"], ["1234?!"]])
def test_every_character_is_seen_whatever_the_corpora(source: list[str]) -> None:
    table = table_of([source])
    texts = plan_texts(table, prepare_rules(TextRecipe(), Alphabet(), table), 3, first(100_000))
    shares = np.bincount(texts.codes, minlength=93) / len(texts.codes)
    assert shares[0] == 0.0 and shares[1:].min() >= LEAST, PRINTABLE_92[shares[1:].argmin()]
    assert_sound(texts_of(texts)[:3_000])


def test_a_balance_of_0_leaves_the_corpora_as_they_are() -> None:
    assert set(planned([["water"]], PLAIN)) == {"water"}


@pytest.mark.parametrize("text", ["water", "A", "12", "Sea Salt", "o" * 16, "x" + "ab" * 15])
def test_any_character_can_be_worked_into_any_label(text: str) -> None:
    table = table_of([[text]])
    rules = quick_rules(PLAIN.model_copy(update={"phrase_share": 0.5}), table)
    for code, character in enumerate(PRINTABLE_92, start=1):
        always = rules.sample._replace(balance=np.where(np.arange(93) >= code, 1.0, 0.0))
        labels = texts_of(plan_texts(table, replace(rules, sample=always), 0, first(40)))
        assert all(character in label for label in labels), (character, labels)
        assert_sound(labels)


def test_brackets_come_in_pairs() -> None:
    labels = planned([["water", "salt"]], TextRecipe(), 20_000)
    for opening, closing in map(tuple, ("()", "[]", "{}", "<>")):
        held = [label for label in labels if opening in label or closing in label]
        assert held and all(label.index(opening) < label.index(closing) for label in held)


def test_neighbours_are_short_of_the_samples_source_and_unlike() -> None:
    table, rules = shop()
    texts, near = plan_texts(table, rules, 9, first(400)), all_neighbours(table, rules, 9, first(400))
    assert len(near.offsets) == 1_601
    assert np.diff(near.offsets).max() <= NEIGHBOUR_STEPS
    assert np.mean(np.repeat(texts.source, 4) == near.source) > 0.9  # a real word with a rare character may be of another source
    words = texts_of(near)
    groups = [words[k : k + 4] for k in range(0, 1_600, 4)]
    assert np.mean([len(set(group)) > 2 for group in groups]) > 0.8
    assert np.mean([label in group for label, group in zip(texts_of(texts), groups, strict=True)]) < 0.5


def test_neighbours_depend_on_seed_sample_and_side_alone() -> None:
    table, rules = shop()
    words = texts_of(all_neighbours(table, rules, 9, first(30)))
    some = np.array([119, 70, 71, 3, 68], dtype=np.uint64)
    assert texts_of(plan_neighbours(table, rules, 9, some // np.uint64(4), some % np.uint64(4))) == [words[k] for k in some.tolist()]
    assert words != texts_of(all_neighbours(table, rules, 8, first(30)))
    assert words[:30] != texts_of(plan_texts(table, replace(rules, sample=rules.neighbour), 9, first(30)))


@pytest.mark.parametrize("characters", ["abc", "ABC12", "\u03b1\u03b2\u03b3 ", "\u4e00\u4e8c\u4e09", "(a"])
def test_another_alphabet_is_balanced_too(characters: str) -> None:
    alphabet = Alphabet(characters)
    table = table_of([[characters[1], characters[1] * 3]], alphabet)
    texts = plan_texts(table, prepare_rules(TextRecipe(), alphabet, table), 1, first(150_000))
    shares = np.bincount(texts.codes, minlength=len(characters) + 1) / len(texts.codes)
    assert shares[0] == 0.0 and shares[1:].min() >= LEAST
    assert all(label and steps_needed(label) <= READER_STEPS for label in texts_of(texts, alphabet)[:5_000])


def test_rules_tell_the_shares_they_measured() -> None:
    table, rules = shop()
    texts = plan_texts(table, rules, 4, first(30_000))
    assert np.abs(rules.shares - np.bincount(texts.codes, minlength=93) / len(texts.codes)).max() < 0.01
