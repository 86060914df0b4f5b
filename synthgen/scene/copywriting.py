"""What packs say: texts by role, those of one product together."""

from dataclasses import dataclass

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F64, I32, I64, U16
from synthgen.chance import Stream, uniforms
from synthgen.scene.text_kernels import WILD
from synthgen.scene.texts import WILD_SETS

ROLES = (
    *("brand", "name", "flavour", "weight", "ingredients"),  # of a product's record
    *("badge", "claim", "date", "lot", "origin", "storage"),  # drawn for each pack
    *("heading", "fact", "amount", "percent", "barcode", "figure", "cents", "unit"),
)
BRAND, NAME, FLAVOUR, WEIGHT, INGREDIENTS = range(5)
BADGE, CLAIM, DATE, LOT, ORIGIN, STORAGE, HEADING, FACT, AMOUNT, PERCENT, BARCODE, FIGURE, CENTS, UNIT = range(5, len(ROLES))
RECORD_ROLES = 5
TOLD = {  # role in the ground truth, where it has another name
    BADGE: "claim",
    LOT: "date",
    ORIGIN: "ingredients",
    STORAGE: "ingredients",
    HEADING: "nutrition",
    FACT: "nutrition",
    AMOUNT: "nutrition",
    PERCENT: "nutrition",
    FIGURE: "price",
    CENTS: "price",
    UNIT: "price",
}
DRAWS = 2 + len(ROLES)  # source, record, and one for each role
STEP = 0.6180339887498949  # 1 / golden ratio: spreads the second, third, ... text of a role from one draw
WILD_DRAWS = 256  # digits of a scene; a scene with more repeats them
WILD_ROW = 15  # of a scene's sixteen rows of COPY, the one for wild slots; 0 to 14 are its products


@dataclass(frozen=True)
class ProductTable:
    """Texts of all roles, one after the other, and which of them make up a product.

    Text t is `codes[offsets[t]:offsets[t + 1]]`; the texts of role r are `first[r]` to `first[r + 1]`, the first `pool[r]` of them
    fit any product.
    """

    codes: U16
    offsets: I64  # (texts + 1,)
    first: I64  # (roles + 1,)
    pool: I64  # (roles,) at least 1 each
    records: I32  # (products, RECORD_ROLES) texts; -1: the pool's
    foods: int  # the first of `records` are so many foods, which lend what another food's record lacks
    source_first: I64  # (sources + 1,) into records
    source_edges: F64  # (sources,) cumulative shares, the last 1
    dropped: dict[str, dict[str, int]]  # by source and reason


@dataclass(frozen=True)
class Wanted:
    """The texts that a scene asks for."""

    product: I32  # (n,) which of the scene's products
    role: I32  # (n,)
    nth: I32  # (n,) 0 for the first text of this role on the product


def write_copy(table: ProductTable, wanted: Wanted, seed: int, index: int) -> I64:
    """Return the text of each wish, rows of `table`, `(n,)`; products depend on (seed, index) alone, whatever else is asked for."""
    products = np.uint64(index) * np.uint64(16) + np.arange(WILD_ROW, dtype=np.uint64)
    draws = uniforms(seed, Stream.COPY, products, DRAWS)
    source = np.searchsorted(table.source_edges, draws[:, 0], side="right").clip(max=len(table.source_edges) - 1)
    least, most = table.source_first[source], table.source_first[source + 1]
    records = table.records[(least + draws[:, 1] * (most - least)).astype(np.int64)]  # (products, RECORD_ROLES)
    lent = table.records[(draws[:, 2 + BRAND] * table.foods).astype(np.int64)]
    return _chosen(table, wanted, np.where(records >= 0, records, lent), draws)


def _chosen(table: ProductTable, wanted: Wanted, records: I32, draws: F64) -> I64:
    shares = (draws[wanted.product, 2 + wanted.role] + STEP * wanted.nth) % 1.0
    ordered = wanted.role == FACT  # a table's rows have their order
    places = np.where(ordered, wanted.nth % table.pool[wanted.role], (shares * table.pool[wanted.role]).astype(np.int64))
    texts = table.first[wanted.role] + places
    own = np.where(wanted.role < RECORD_ROLES, records[wanted.product, np.minimum(wanted.role, RECORD_ROLES - 1)], -1)
    return np.where((own >= 0) & (wanted.nth == 0), own, texts).astype(np.int64)


def spelt(table: ProductTable, texts: I64, wanted: Wanted, alphabet: Alphabet, chance: tuple[int, int]) -> tuple[U16, I64]:
    """Return the classes of texts one after the other, wild slots filled, and their offsets `(len(texts) + 1,)`.

    `chance`: seed and index. The same wish has the same digits wherever it stands: on each pack of a product, and on its price tag.
    """
    size = table.offsets[texts + 1] - table.offsets[texts]
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(size)])
    codes = table.codes[np.arange(offsets[-1]) + np.repeat(table.offsets[texts] - offsets[:-1], size)]
    wild = np.flatnonzero(codes >= WILD)
    row = np.array([chance[1]], dtype=np.uint64) * np.uint64(16) + np.uint64(WILD_ROW)
    draws = uniforms(chance[0], Stream.COPY, row, WILD_DRAWS)[0]
    wish = 97 * wanted.product.astype(np.int64) + 31 * wanted.role + 11 * wanted.nth  # primes: wishes begin apart
    owner = np.searchsorted(offsets, wild, side="right") - 1
    draw, kind = draws[(wish[owner] + wild - offsets[owner]) % WILD_DRAWS], codes[wild] - WILD
    for k, letters in enumerate(WILD_SETS):
        mine = kind == k
        if mine.any():
            classes = np.array([alphabet.classes[c] for c in letters], dtype=np.uint16)
            codes[wild[mine]] = classes[(draw[mine] * len(letters)).astype(np.int64)]
    return codes, offsets
