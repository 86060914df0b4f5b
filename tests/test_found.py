"""What a command line means: a recipe file, flags over it, folders that lie there."""

from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from synthgen.found import Flags, find_recipe
from synthgen.recipe import CorpusRecipe, Recipe


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_an_empty_home_gives_the_defaults_and_says_nothing(tmp_path: Path) -> None:
    assert find_recipe(Flags(), tmp_path) == (Recipe(), [])


def test_folders_with_nothing_of_use_are_left_alone(tmp_path: Path) -> None:
    for name in ("fonts/README.md", "backgrounds/README.md", "corpora/README.md"):
        touched(tmp_path / name)
    assert find_recipe(Flags(), tmp_path) == (Recipe(), [])


def test_what_lies_at_home_is_used_and_told(tmp_path: Path) -> None:
    touched(tmp_path / "fonts/more/Mine.TTF")
    touched(tmp_path / "backgrounds/shelf.jpg")
    b, a = touched(tmp_path / "corpora/b.csv"), touched(tmp_path / "corpora/a.txt")
    recipe, told = find_recipe(Flags(), tmp_path)
    assert (recipe.fonts.folder, recipe.ground.folder) == (tmp_path / "fonts", tmp_path / "backgrounds")
    assert recipe.text.corpora == (CorpusRecipe(path=a), CorpusRecipe(path=b))
    assert told == [
        f"using {tmp_path / 'fonts'}/: fonts found there",
        f"using {tmp_path / 'backgrounds'}/: photos found there",
        f"using {tmp_path / 'corpora'}/: 2 corpora found there",
    ]


def test_flags_go_over_the_recipe_and_the_recipe_over_what_lies_there(tmp_path: Path) -> None:
    for name in ("fonts/Mine.ttf", "backgrounds/shelf.jpg", "corpora/a.txt"):
        touched(tmp_path / name)
    file = tmp_path / "my.toml"
    tables = ('text.corpora = [{path = "own.csv"}]', 'fonts.folder = "own-fonts"', 'ground.folder = "own-photos"', "crop.height_px = 48")
    file.write_text("\n".join(tables), encoding="utf-8")
    recipe, told = find_recipe(Flags(recipe=file), tmp_path)
    assert (recipe.fonts.folder, recipe.ground.folder) == (Path("own-fonts"), Path("own-photos"))
    assert (recipe.text.corpora, recipe.crop.height_px, told) == ((CorpusRecipe(path=Path("own.csv")),), 48, [])
    flags = Flags(file, ["x.csv:name=2", "y.txt"], Path("f"), Path("b"))
    recipe, told = find_recipe(flags, tmp_path)
    assert (recipe.fonts.folder, recipe.ground.folder, told) == (Path("f"), Path("b"), [])
    assert recipe.text.corpora == (CorpusRecipe(path=Path("x.csv"), column="name", weight=2.0), CorpusRecipe(path=Path("y.txt")))
    assert recipe.crop.height_px == 48


def test_a_wrong_flag_or_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"--corpus 'notes\.doc'"):
        find_recipe(Flags(corpora=["notes.doc"]), tmp_path)
    with pytest.raises(SynthgenError, match=r"recipe .*none\.toml: cannot be read"):
        find_recipe(Flags(recipe=tmp_path / "none.toml"), tmp_path)
