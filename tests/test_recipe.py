"""Recipes: wrong ones are named, the ones in `recipes/` are right.

`python -m tests.test_recipe` writes recipes/product.toml anew from the defaults and their comments; its head stays.
"""

import inspect
import re
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from synthgen.errors import SynthgenError
from synthgen.recipe import CorpusRecipe, Recipe
from tests.studio_fixture import tables_of

RECIPES = Path(__file__).parents[1] / "recipes"
PRODUCT = RECIPES / "product.toml"
KEYS = [(name, key) for name, table in tables_of(Recipe()).items() for key in type(table).model_fields]
RANGES = [(name, key) for name, key in KEYS if isinstance(getattr(tables_of(Recipe())[name], key), tuple) and key not in ("corpora", "by")]
SHARES = [(name, key) for name, key in KEYS if key.endswith("_share")]


def spelt_out(head: str) -> str:
    """Return the default recipe as TOML below `head`, with the comments of the code."""
    tables = [told(name, table) for name, table in tables_of(Recipe()).items()]
    return "\n".join([head.rstrip("\n"), *tables])


def told(name: str, table: BaseModel) -> str:
    kind = type(table)
    about = (kind.__doc__ or "").strip().replace(f": the `[{name}]` table", "").removesuffix(".")
    notes = dict(re.findall(r"^    (\w+): .*?  # (.*)$", inspect.getsource(kind), re.MULTILINE))
    lines = [line_of(key, getattr(table, key), notes.get(key, "")) for key in kind.model_fields]
    return "\n".join(["", f"[{name}]  # {about}", *lines])


def line_of(key: str, value: object, note: str) -> str:
    if isinstance(value, BaseModel):
        raise TypeError(f"{key}: tables in tables are not spelt out")
    unset = "# " if value is None else ""
    shown = '""' if value is None else str(list(value)) if isinstance(value, tuple) else str(value).lower()
    return f"{unset}{key} = {shown}" + (f"  # {note}" if note else "")


def head_of(path: Path) -> str:
    """Return the comment lines that a recipe file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(takewhile(lambda line: line.startswith("#"), lines)) + "\n"


def test_product_toml_spells_out_all_defaults() -> None:
    assert Recipe.read(PRODUCT) == Recipe()
    table = tomllib.loads(PRODUCT.read_text(encoding="utf-8"))
    given = {(name, key) for name, keys in table.items() for key in keys}
    assert given == {(name, key) for name, key in KEYS if getattr(tables_of(Recipe())[name], key) is not None}


def test_product_toml_has_the_comments_of_the_code() -> None:
    """If it fails: `python -m tests.test_recipe`, then look at what changed."""
    assert PRODUCT.read_text(encoding="utf-8") == spelt_out(head_of(PRODUCT))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.name)
def test_recipes_can_be_read_and_say_purpose_command_minutes_and_size(path: Path) -> None:
    Recipe.read(path)
    head = head_of(path)
    for said in ("Purpose:", f"synthgen render --recipe recipes/{path.name}", "minutes", "MB"):
        assert said in head, said


def test_plain_toml_has_no_effects() -> None:
    plain = Recipe.read(RECIPES / "plain.toml")
    for place in ("shape", "light", "camera"):
        table = tables_of(plain)[place]
        assert not [key for key in type(table).model_fields if key.endswith("_share") and getattr(table, key) > 0], place
    assert plain.ground.light_share == plain.ink.dark_share == 1 and plain.ink.light_share == 0


def test_an_empty_file_is_the_default_recipe(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    assert Recipe.read(tmp_path / "empty.toml") == Recipe()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"leters": {}}, "leters: no such key; the nearest known one is 'letters'"),
        ({"ink": {"dark_shar": 0.5}}, "ink.dark_shar: no such key; the nearest known one is 'ink.dark_share'"),
        ({"camera": {"nois": [0, 1]}}, "camera.nois: no such key; the nearest known one is 'camera.noise'"),
        ({"text": {"corpora": [{"path": "a.txt", "wieght": 2}]}}, "text.corpora.0.wieght: .* one is 'text.corpora.0.weight'"),
        ({"text": {"corpora": [{"column": "name"}]}}, "text.corpora.0.path: Field required"),
        ({"ink": {"opacity": [0.9, 0.2]}}, r"ink\.opacity: need .*low <= high.*, got \(0\.9, 0\.2\)"),
        ({"camera": {"small_px": [30, 13]}}, r"camera\.small_px: need .*low <= high.*, got \(30\.0, 13\.0\)"),
        ({"crop": {"height_px": 8}}, "crop.height_px: Input should be greater than or equal to 16, got 8"),
        ({"fonts": {"sans": -1}}, "fonts.sans: .*greater than or equal to 0, got -1"),
        ({"text": {"grammar": "lots"}}, "text.grammar: .*valid number.*, got 'lots'"),
        ({"shape": {"tilt_deg": [1, 2, 3]}}, "shape.tilt_deg.*"),
        ({"ink": 3}, r"ink: .*, got 3"),
    ],
)
def test_a_fault_has_place_rule_and_value(table: dict[str, object], message: str) -> None:
    with pytest.raises(SynthgenError, match=rf"^my\.toml: {message}"):
        Recipe.checked(table, place="my.toml")


@pytest.mark.parametrize(("table", "key"), SHARES)
@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_a_share_is_between_0_and_1(table: str, key: str, share: float) -> None:
    with pytest.raises(SynthgenError, match=rf"{table}\.{key}: "):
        Recipe.checked({table: {key: share}}, place="test")


@pytest.mark.parametrize(("table", "key"), RANGES)
def test_a_range_in_reverse_is_named(table: str, key: str) -> None:
    low, high = getattr(tables_of(Recipe())[table], key)
    if low < high:
        with pytest.raises(SynthgenError, match=rf"{table}\.{key}: need .*low <= high.*, got \({high}, {low}\)"):
            Recipe.checked({table: {key: [high, low]}}, place="test")


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SynthgenError) as caught:
        Recipe.checked({"ink": {"dark_shar": 0.5, "opacity": [0.9, 0.2]}, "camera": {"quality": [0, 500]}}, place="my.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 3 and all(line.startswith("my.toml: ") for line in lines)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("ink", ("dark_share", "light_share")),
        ("ground", ("light_share", "dark_share")),
        ("shape", ("arc_share", "wave_share", "cylinder_share")),
    ],
)
def test_shares_of_one_whole_are_1_at_most(table: str, keys: tuple[str, ...]) -> None:
    with pytest.raises(SynthgenError, match=re.escape(f"{table}: need {' + '.join(keys)} <= 1, got {0.6 * len(keys):.4g}")):
        Recipe.checked({table: dict.fromkeys(keys, 0.6)}, place="test")


@pytest.mark.parametrize(
    ("content", "message"), [(b"[ink\n", "cannot be read as TOML"), (b"\xff\xfe", "cannot be read as TOML"), (None, "No such file")]
)
def test_a_file_that_is_no_recipe_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(SynthgenError, match=rf"recipe .*bad\.toml: .*{message}"):
        Recipe.read(tmp_path / "bad.toml")


def test_a_recipe_cannot_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().ink.opacity = (0.0, 0.0)


@given(weight=st.floats(0, 10), share=st.floats(0, 1), low=st.floats(0.1, 1), more=st.floats(0, 3))
def test_a_recipe_survives_its_record(weight: float, share: float, low: float, more: float) -> None:
    table = {
        "text": {"grammar": weight, "corpora": [{"path": "a.csv", "column": "name", "weight": weight}]},
        "letters": {"spaced_share": share},
        "ground": {"zoom": [low, low + more]},
    }
    recipe = Recipe.checked(table, place="test")
    assert recipe.text.corpora == (CorpusRecipe(path=Path("a.csv"), column="name", weight=weight),)
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


if __name__ == "__main__":
    PRODUCT.write_text(spelt_out(head_of(PRODUCT)), encoding="utf-8")
