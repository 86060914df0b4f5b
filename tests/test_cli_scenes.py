"""Scenes from the command line: how many, in which form, added later, looked at."""

import json
from pathlib import Path

import cv2
import pytest

from synthgen.assets.studio import Opened
from synthgen.shards.read import read
from tests.fake_runs import files_of
from tests.test_cli import FEW, PROMISED, Home, made_home


@pytest.fixture
def home(tmp_path: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a home whose recipe has small scenes."""
    monkeypatch.chdir(tmp_path)
    home = made_home(tmp_path, tmp_path_factory)
    (tmp_path / "few.toml").write_text(FEW + "[scene]\nheight_px = 160\nwidth_px = 224\n", encoding="utf-8")
    return home


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_scenes_alone_are_rendered_and_counted(home: Home, form: str) -> None:
    found = home.run("render", "--out", "out", "--n", "0", "--scenes", "3", "--format", form, "--workers", "1", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert set(told) >= PROMISED and (told["words"], told["scenes"]) == (0, 3)
    (shard,) = (home.folder / "out" / "scenes").iterdir()
    assert shard.name == f"scenes-00000.{form}" and told["bytes"] == shard.stat().st_size
    rows = [row for batch in read(home.folder / "out", table="scenes") for row in batch.to_pylist()]
    assert [(row["height"], row["width"]) for row in rows] == [(160, 224)] * 3
    assert not (home.folder / "out" / "words").exists()


def test_scenes_are_a_hundredth_of_the_words_and_can_be_added_later(home: Home) -> None:
    usual = ("render", "--n", "101", "--workers", "1", "--json")
    told = json.loads(home.run(*usual, "--out", "once").stdout)
    assert (told["words"], told["scenes"]) == (101, 2)
    without = json.loads(home.run(*usual, "--out", "grown", "--scenes", "0").stdout)
    assert without["scenes"] == 0 and without["counts"].keys() < told["counts"].keys()
    grown = json.loads(home.run(*usual, "--out", "grown", "--resume").stdout)
    assert (grown["scenes_made"], grown["made"]) == (2, 0)
    assert files_of(home.folder / "grown") == files_of(home.folder / "once")
    fewer = home.run(*usual, "--out", "grown", "--scenes", "1", "--resume")
    assert fewer.exit_code == 1 and "scenes is 2 there, 1 here" in fewer.stderr


def test_preview_of_scenes_shows_pictures_quads_and_maps(home: Home) -> None:
    found = home.run("preview", "--scenes", "--out", "scenes.jpg", "--count", "3", "--n", "1000", "--workers", "2")
    assert found.exit_code == 0, found.output
    first, second = found.stdout.splitlines()
    assert first.startswith("scenes.jpg: 3 scenes") and " scenes/s a core; 1,000 scenes on 2: " in second
    sheet = cv2.imread("scenes.jpg")
    assert sheet is not None and sheet.shape == (2 * 160, 2 * 3 * 224, 3)
    assert (sheet[160:, 3 * 224 + 8 :] > 250).all()  # no fourth
