"""Bundles: all that a run reads beside packages, the same bytes for the same files, and nothing else unpacked."""

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from synthgen.assets.bundle import NAME, own_files, packed, relocated, unpacked, unpacked_recipe
from synthgen.errors import SynthgenError
from synthgen.recipe import Recipe

FILES = {
    "mine/b.ttf": b"font",
    "mine/deep/A.OTF": b"another font",
    "mine/notes.txt": b"not for the run",
    "photos/x.jpg": b"photo",
    "photos/more/y.png": b"photo too",
    "texts/words.txt": b"one\ntwo\n",
    "other/words.txt": b"three\n",
    "other/unused.txt": b"of weight 0",
    "abc.txt": b"abc",
}


def recipe_at(home: Path) -> Recipe:
    """Return a recipe whose assets are FILES below `home`."""
    for name, data in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    paths = {"texts/words.txt": 1, "other/words.txt": 2, "other/unused.txt": 0}
    corpora = [{"path": home / path, "weight": weight} for path, weight in paths.items()]
    text = {"corpora": corpora, "alphabet": home / "abc.txt"}
    return Recipe.checked({"text": text, "fonts": {"folder": home / "mine"}, "ground": {"folder": home / "photos"}}, place="test")


def shipped(recipe: Recipe, here: Path, there: Path) -> tuple[str, Path]:
    """Return the name of a recipe's bundle, and where it was unpacked."""
    with packed(recipe, here) as (path, name):
        return name, unpacked(name, there, lambda target: Path(shutil.copyfile(path, target)))


def test_a_bundle_holds_the_files_that_the_run_reads_and_no_others(tmp_path: Path) -> None:
    _, folder = shipped(recipe_at(tmp_path / "home"), tmp_path / "here", tmp_path / "there")
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found.pop("recipe.json")
    assert found == {
        "alphabet/abc.txt": b"abc",
        "backgrounds/more/y.png": b"photo too",
        "backgrounds/x.jpg": b"photo",
        "corpora/0/words.txt": b"one\ntwo\n",
        "corpora/1/words.txt": b"three\n",
        "fonts/b.ttf": b"font",
        "fonts/deep/A.OTF": b"another font",
    }


def test_the_recipe_of_a_bundle_reads_the_files_where_they_were_unpacked(tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "home")
    _, folder = shipped(recipe, tmp_path / "here", tmp_path / "there")
    found = unpacked_recipe(folder)
    assert found == relocated(recipe, folder) != recipe
    assert {name: path.read_bytes() for name, path in own_files(found).items()} == {
        name: path.read_bytes() for name, path in own_files(recipe).items()
    }
    assert [corpus.weight for corpus in found.text.corpora] == [1, 2, 0]


def test_a_recipe_without_own_files_is_a_bundle_too(tmp_path: Path) -> None:
    _, folder = shipped(Recipe(), tmp_path / "here", tmp_path / "there")
    assert unpacked_recipe(folder) == Recipe()


def test_equal_files_anywhere_give_the_same_name_and_other_bytes_another(tmp_path: Path) -> None:
    names = [shipped(recipe_at(tmp_path / home), tmp_path / home / "here", tmp_path / home / "there")[0] for home in ("a", "b")]
    assert names[0] == names[1]
    assert NAME.fullmatch(names[0])
    recipe = recipe_at(tmp_path / "a")
    (tmp_path / "a" / "photos" / "x.jpg").write_bytes(b"Photo")
    assert shipped(recipe, tmp_path / "here", tmp_path / "there")[0] != names[0]


def test_a_bundle_is_gone_after_use_and_nothing_else_is_left(tmp_path: Path) -> None:
    name, folder = shipped(recipe_at(tmp_path / "home"), tmp_path / "here", tmp_path / "there")
    assert list((tmp_path / "here").iterdir()) == []
    assert {path.name for path in (tmp_path / "there").iterdir()} == {folder.name, ".unpacking"}
    assert folder.name == name.removesuffix(".tar")


def test_a_bundle_is_fetched_and_unpacked_once(tmp_path: Path) -> None:
    recipe, times = recipe_at(tmp_path / "home"), list[Path]()
    with packed(recipe, tmp_path / "here") as (path, name):

        def fetch(target: Path) -> None:
            times.append(target)
            shutil.copyfile(path, target)

        assert unpacked(name, tmp_path / "there", fetch) == unpacked(name, tmp_path / "there", fetch)
    assert len(times) == 1


def test_a_bundle_that_is_not_what_its_name_says_is_an_error_and_not_unpacked(tmp_path: Path) -> None:
    with packed(recipe_at(tmp_path / "home"), tmp_path / "here") as (path, name):
        path.write_bytes(path.read_bytes().replace(b"photo too", b"photo two"))
        with pytest.raises(
            SynthgenError, match=rf"{name}: need the assets of the run, SHA-256 {name[7:-4]}, got [0-9a-f]{{64}}; remove it"
        ):
            unpacked(name, tmp_path / "there", lambda target: Path(shutil.copyfile(path, target)))
    assert [path.name for path in (tmp_path / "there").iterdir()] == [".unpacking"]


def test_a_bundle_that_stops_half_way_leaves_nothing_that_reads_as_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with packed(recipe_at(tmp_path / "home"), tmp_path / "here") as (path, name):
        monkeypatch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(SynthgenError, match="assets cannot be unpacked: no space left; make room, or name another folder with --cache"):
            unpacked(name, tmp_path / "there", lambda target: target.write_bytes(path.read_bytes()))
    assert [path.name for path in (tmp_path / "there").iterdir()] == [".unpacking"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "home")
    (tmp_path / "home" / "abc.txt").unlink()
    with pytest.raises(SynthgenError, match=r"assets: cannot be packed for other machines: .*abc\.txt"), packed(recipe, tmp_path / "here"):
        pass
    assert list((tmp_path / "here").iterdir()) == []


def test_a_damaged_folder_is_an_error(tmp_path: Path) -> None:
    _, folder = shipped(recipe_at(tmp_path / "home"), tmp_path / "here", tmp_path / "there")
    os.truncate(folder / "recipe.json", 20)
    with pytest.raises(SynthgenError, match=r"need what was unpacked there, got a damaged folder: .*; remove it, it is made anew"):
        unpacked_recipe(folder)


def test_a_cache_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(SynthgenError, match=r"there: cannot be written: .*; name another folder with --cache"):
        shipped(Recipe(), tmp_path / "here", tmp_path / "there")


def test_linked_folders_of_photos_go_along_under_the_names_they_have(tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "home")
    shutil.move(tmp_path / "home" / "photos" / "more", tmp_path / "elsewhere")
    (tmp_path / "home" / "photos" / "more").symlink_to(tmp_path / "elsewhere")
    with packed(recipe, tmp_path / "here") as (path, _), tarfile.open(path) as tar:
        assert "backgrounds/more/y.png" in tar.getnames()
        assert all(member.isreg() for member in tar)
