"""Products out of the grammar and of the user's files."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from synthgen.alphabet import Alphabet
from synthgen.arrays import I64
from synthgen.assets import stored_products
from synthgen.assets.products import MOST_CHARACTERS, column_names, load_products
from synthgen.assets.stored_products import open_products
from synthgen.errors import SynthgenError
from synthgen.recipe import CorpusRecipe, TextRecipe
from synthgen.scene.copywriting import BRAND, INGREDIENTS, NAME, RECORD_ROLES, ROLES, WEIGHT, ProductTable
from synthgen.scene.text_kernels import WILD
from tests.fake_stock import text_table

ROWS = "brand_name,description,package_weight,ingredients,price\n" + "".join(
    f'ACME{k},Soup number {k},{k} oz,"WATER, SALT, SPICE {k}",1\n' for k in range(40)
)


def loaded(recipe: TextRecipe, alphabet: Alphabet | None = None) -> ProductTable:
    alphabet = alphabet or Alphabet()
    return load_products(recipe, alphabet, text_table(alphabet, [alphabet.characters[0], alphabet.characters[-1]]))


def text(table: ProductTable, row: int, alphabet: Alphabet | None = None) -> str:
    return (alphabet or Alphabet()).decode(table.codes[table.offsets[row] : table.offsets[row + 1]])


def of_file(table: ProductTable) -> I64:
    return table.records[table.source_first[1] :].astype(np.int64)


@pytest.fixture(scope="module")
def plain() -> ProductTable:
    return loaded(TextRecipe())


def test_every_role_has_texts_and_none_is_empty(plain: ProductTable) -> None:
    assert (plain.pool > 0).all()
    assert (np.diff(plain.offsets) > 0).all()
    assert len(plain.first) == len(ROLES) + 1
    assert plain.first[-1] == len(plain.offsets) - 1


def test_texts_are_of_the_alphabet_or_wild(plain: ProductTable) -> None:
    assert ((plain.codes > 0) & ((plain.codes <= len(Alphabet().characters)) | (plain.codes >= WILD))).all()


def test_texts_of_a_record_are_of_their_roles(plain: ProductTable) -> None:
    for role in range(RECORD_ROLES):
        rows = plain.records[:, role]
        rows = rows[rows >= 0]
        assert ((rows >= plain.first[role]) & (rows < plain.first[role + 1])).all()


def test_loading_again_gives_the_same(plain: ProductTable) -> None:
    again = loaded(TextRecipe())
    assert np.array_equal(again.codes, plain.codes)
    assert np.array_equal(again.records, plain.records)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_record_of_a_file_keeps_its_texts_together(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"foods.{kind}"
    written(path)
    table = loaded(TextRecipe(corpora=(CorpusRecipe(path=path, column="description"),)))
    for k, record in enumerate(of_file(table)[:40]):
        said = [text(table, record[role]) for role in (BRAND, NAME, WEIGHT, INGREDIENTS)]
        assert said == [f"ACME{k}", f"Soup number {k}", f"{k} oz", f"WATER, SALT, SPICE {k}"]


def opened(recipe: TextRecipe, cache: Path, alphabet: Alphabet | None = None) -> ProductTable:
    alphabet = alphabet or Alphabet()
    return open_products(recipe, alphabet, text_table(alphabet, [alphabet.characters[0], alphabet.characters[-1]]), cache)


def same(a: ProductTable, b: ProductTable) -> bool:
    """Return whether two tables are equal, types and all."""
    values = ((getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    return all(
        type(x) is type(y) and (np.array_equal(x, y) and x.dtype == y.dtype if isinstance(x, np.ndarray) else x == y) for x, y in values
    )


def test_a_cold_and_a_warm_cache_give_what_loading_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "foods.csv"
    written(path)
    recipe = TextRecipe(corpora=(CorpusRecipe(path=path, column="description"),))
    cold = opened(recipe, tmp_path / "cache")
    monkeypatch.setattr(stored_products, "load_products", None)  # a warm cache asks for nothing
    warm = opened(recipe, tmp_path / "cache")
    monkeypatch.undo()
    assert same(cold, warm)
    assert same(cold, loaded(recipe))


@pytest.mark.parametrize("change", ["file", "weight", "alphabet", "grammar"])
def test_the_cache_is_not_asked_for_what_has_changed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "foods.csv"
    written(path)
    recipe, alphabet = TextRecipe(corpora=(CorpusRecipe(path=path, column="description"),)), Alphabet()
    before = opened(recipe, tmp_path / "cache", alphabet)
    if change == "file":
        path.write_text(ROWS.replace("Soup", "Stew"), encoding="utf-8")
    elif change == "weight":
        recipe = TextRecipe(corpora=(CorpusRecipe(path=path, column="description", weight=3.0),))
    elif change == "grammar":
        recipe = recipe.model_copy(update={"grammar": 2.0})
    else:
        alphabet = Alphabet(alphabet.characters.replace("k", ""))
    after = opened(recipe, tmp_path / "cache", alphabet)
    assert not same(before, after)
    assert same(after, loaded(recipe, alphabet))


def test_a_missing_file_is_told_before_the_cache_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"corpus gone\.csv: no such file"):
        opened(TextRecipe(corpora=(CorpusRecipe(path=Path("gone.csv"), column="name"),)), tmp_path)


def written(path: Path) -> None:
    if path.suffix == ".csv":
        path.write_text(ROWS, encoding="utf-8")
        return
    lines = [
        {
            "brand": f"ACME{k}",
            "title": f"Soup number {k}",
            "weight": f"{k} oz",
            "ingredients": f"WATER, SALT, SPICE {k}",
            "description": "x",
        }
        for k in range(40)
    ]
    if path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(lines), path)


def test_lines_of_a_text_file_become_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("Red tea\nBlue tea\n", encoding="utf-8")
    table = loaded(TextRecipe(corpora=(CorpusRecipe(path=path),)))
    assert [text(table, row) for row in of_file(table)[:, NAME]] == ["Red tea", "Blue tea"]
    assert (of_file(table)[:, BRAND] == -1).all()


def test_a_long_text_is_cut_at_a_comma_or_a_word(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text('brand,ingredients\nA,"' + "SALT, " * 200 + '"\n', encoding="utf-8")
    table = loaded(TextRecipe(corpora=(CorpusRecipe(path=path, column="brand"),)))
    said = text(table, of_file(table)[0, INGREDIENTS])
    assert len(said) <= MOST_CHARACTERS[INGREDIENTS]
    assert set(said.split(", ")) == {"SALT"}


def test_foreign_texts_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text("brand,name\nACME,Soup\nACME,\u4e2d\u6587\n,\n", encoding="utf-8")
    table = loaded(TextRecipe(corpora=(CorpusRecipe(path=path, column="name"),)))
    assert table.dropped["mixed.csv"] == {"brand_left_out": 0, "name_left_out": 1}
    assert len(of_file(table)) == 2  # the last has neither brand nor name


def test_an_alphabet_of_which_the_grammar_has_nothing_borrows_words_of_the_corpora() -> None:
    alphabet = Alphabet("абвг ")
    table = load_products(TextRecipe(), alphabet, text_table(alphabet, ["абба", "ваб"]))
    assert (table.pool > 0).all()
    assert {text(table, row, alphabet) for row in range(len(table.offsets) - 1)} <= {"абба", "ваб", "абба ваб"}


def test_shares_of_the_sources_are_their_weights(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("Red tea\n", encoding="utf-8")
    table = loaded(TextRecipe(grammar=1.0, corpora=(CorpusRecipe(path=path, weight=3.0),)))
    assert table.source_edges.tolist() == [0.25, 1.0]


def test_a_missing_file_is_told() -> None:
    with pytest.raises(SynthgenError, match=r"corpus gone\.csv: no such file"):
        loaded(TextRecipe(corpora=(CorpusRecipe(path=Path("gone.csv"), column="name"),)))


def test_a_broken_file_has_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text("{", encoding="utf-8")
    assert column_names(path) == []
