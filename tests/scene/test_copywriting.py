"""What packs say."""

from itertools import pairwise

import numpy as np
import pytest

from synthgen.alphabet import Alphabet
from synthgen.arrays import I32
from synthgen.scene.copywriting import BRAND, CLAIM, FACT, INGREDIENTS, NAME, RECORD_ROLES, ROLES, ProductTable, Wanted, spelt, write_copy
from tests.fake_stock import stock_of


@pytest.fixture(scope="module")
def table() -> ProductTable:
    return stock_of(Alphabet()).products


def wishes(product: list[int], role: list[int], nth: list[int]) -> Wanted:
    def column(values: list[int]) -> I32:
        return np.array(values, dtype=np.int32)

    return Wanted(column(product), column(role), column(nth))


def test_a_text_does_not_depend_on_what_else_is_asked_for(table: ProductTable) -> None:
    both = write_copy(table, wishes([3, 1, 3], [NAME, CLAIM, BRAND], [0, 2, 0]), 5, 77)
    assert both[1] == write_copy(table, wishes([1], [CLAIM], [2]), 5, 77)[0]
    assert both[0] == write_copy(table, wishes([3], [NAME], [0]), 5, 77)[0]


def test_texts_of_a_product_are_of_one_record(table: ProductTable) -> None:
    records = {tuple(row) for row in table.records[:, [BRAND, NAME, INGREDIENTS]].tolist()}
    for index in range(50):
        rows = write_copy(table, wishes([0] * 3, [BRAND, NAME, INGREDIENTS], [0] * 3), 1, index)
        assert tuple(rows.tolist()) in records


def test_every_text_is_of_its_role(table: ProductTable) -> None:
    roles = list(range(len(ROLES))) * 3
    for index in range(30):
        rows = write_copy(table, wishes([0] * len(roles), roles, [k // len(ROLES) for k in range(len(roles))]), 2, index)
        assert (rows >= table.first[roles]).all()
        assert (rows < table.first[np.array(roles) + 1]).all()


def test_other_texts_of_a_role_differ(table: ProductTable) -> None:
    assert len(set(write_copy(table, wishes([0] * 5, [CLAIM] * 5, list(range(5))), 0, 9).tolist())) == 5


def test_facts_stand_in_their_order(table: ProductTable) -> None:
    rows = write_copy(table, wishes([0] * 4, [FACT] * 4, [0, 1, 2, 3]), 0, 4)
    assert rows.tolist() == [table.first[FACT] + k for k in range(4)]


def test_scenes_and_seeds_say_other_things(table: ProductTable) -> None:
    asked = wishes([0] * RECORD_ROLES, list(range(RECORD_ROLES)), [0] * RECORD_ROLES)
    said = {tuple(write_copy(table, asked, seed, index).tolist()) for seed in range(3) for index in range(20)}
    assert len(said) == 60


BARCODE = ROLES.index("barcode")


def said_by(table: ProductTable, wanted: Wanted, index: int) -> list[str]:
    codes, offsets = spelt(table, write_copy(table, wanted, 0, index), wanted, Alphabet(), (0, index))
    return [Alphabet().decode(codes[first:last]) for first, last in pairwise(offsets.tolist())]


def test_wild_slots_are_filled_with_their_kind(table: ProductTable) -> None:
    for index in range(20):
        (said,) = said_by(table, wishes([0], [BARCODE], [0]), index)
        assert said.replace(" ", "").isdigit(), said


def test_packs_of_one_product_say_the_same_digits_and_others_do_not(table: ProductTable) -> None:
    for index in range(20):
        first, other, again = said_by(table, wishes([2, 3, 2], [BARCODE] * 3, [0] * 3), index)
        assert first == again != other
