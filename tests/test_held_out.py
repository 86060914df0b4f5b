"""What is held out: by name alone, the same for all runs, more of it with a larger share."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from synthgen.held_out import KINDS, MIXED, TRAIN, VALIDATION, HeldOut, family_of, place_of, together, words_of
from synthgen.recipe import Recipe

WORDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
SIDES = st.lists(st.sampled_from((TRAIN, VALIDATION, MIXED)), max_size=4)
KIND = st.sampled_from(KINDS)


@given(kind=KIND, member=WORDS, shares=st.lists(st.floats(0, 1), min_size=2).map(sorted))
def test_a_larger_share_only_adds_members(kind: str, member: str, shares: list[float]) -> None:
    held = [place_of(kind, member) < share for share in shares]
    assert all(a <= b for a, b in pairwise(held))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_as_many_members_are_held_out_as_asked_for(kind: str, share: float) -> None:
    n = 20_000
    held = sum(place_of(kind, f"member {k}") < share for k in range(n))
    assert abs(held - n * share) < 4 * (n * share * (1 - share)) ** 0.5  # 4 standard deviations of a binomial


def test_places_are_those_that_shipped_data_were_split_by() -> None:
    """They may not change: runs of another version would hold out other members."""
    found = [round(place_of(kind, name), 6) for kind, name in (("font", "lato"), ("text", "chocolate"), ("background", "texture/fabric"))]
    assert found == [0.056527, 0.179977, 0.047867]


def test_members_of_one_kind_say_nothing_about_another() -> None:
    assert len({round(place_of(kind, "a"), 6) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("face", "family"),
    [
        ("Montserrat 600 italic", "montserrat"),
        ("Sofia Sans 700 width 62.5 italic", "sofia sans"),
        ("Press Start 2P 400", "press start 2p"),
        ("Gotham 300 400 (2)", "gotham 300"),
        ("Plain", "plain"),
    ],
)
def test_a_face_is_held_out_with_its_family(face: str, family: str) -> None:
    assert family_of(face) == family


@pytest.mark.parametrize(
    ("text", "words"),
    [("Dark (Choco-Latte)!", ["dark", "chocolatte"]), ("Salt & Pepper", ["salt", "pepper"]), ("&", ["&"]), ("35%", ["35"]), ("", [""])],
)
def test_a_word_is_its_letters_and_digits(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(text=st.lists(WORDS, min_size=1, max_size=4).map(" ".join))
def test_capitals_do_not_change_the_side_of_a_text(text: str) -> None:
    held = HeldOut(("text",), 0.4)
    assert held.text(text.upper()) == held.text(text) == held.text(text.title())


@given(sides=SIDES)
def test_a_sample_is_of_a_side_only_with_all_its_parts(sides: list[int]) -> None:
    found = together(sides)
    assert (found == VALIDATION) == (bool(sides) and set(sides) == {VALIDATION})
    assert (found == TRAIN) == (set(sides) <= {TRAIN})


def test_what_is_not_split_by_decides_nothing() -> None:
    held = HeldOut(("font",), 1.0)
    assert held.sample(["A 400", "B 400"], "texture/wood", "text") == VALIDATION
    assert HeldOut((), 1.0).sample(["A 400"], "texture/wood", "text") == TRAIN
    assert HeldOut(("background",), 1.0).sample(["A 400"], "texture/flat", None) == TRAIN  # of one colour


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"validation_share": 0.1, "held_out_share": 0.0}, "split: need 0 < held_out_share < 1 to split, got 0"),
        ({"validation_share": 0.1, "held_out_share": 1}, "split: need 0 < held_out_share < 1 to split, got 1"),
        ({"validation_share": 0.1, "by": []}, "split: need one of font, text and background in by to split, got none"),
        ({"by": ["ink"]}, r"split\.by\.0: .*'font', 'text' or 'background'.*, got 'ink'"),
    ],
)
def test_a_split_that_cannot_be_is_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        Recipe.checked({"split": table}, place="test")
