"""Samples rendered again from run.json and compared with what is stored."""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen import SynthgenError
from synthgen.assets.studio import Opened
from synthgen.engine.local import LocalEngine
from synthgen.held_out import HeldOut
from synthgen.job import Job, run
from synthgen.recipe import Recipe
from synthgen.renderer import open_renderer
from synthgen.shards.compare import chosen, spans
from synthgen.shards.relabel import split_run
from tests.planted import FORMS, Change, checked, command, edited, file, inner, moved, of
from tests.sound_runs import Row, make_sound, picture, repair, replant
from tests.studio_fixture import FEW_FACES


@pytest.fixture
def out(sound: dict[str, Path], tmp_path: Path) -> Path:
    """Return a run to plant faults in."""
    return Path(shutil.copytree(sound["parquet"], tmp_path / "out"))


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render the samples of sound runs again, which no recipe tells of."""
    monkeypatch.setattr("synthgen.stored_run.open_renderer", make_sound)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("again")
def test_a_sound_run_is_rendered_again_the_same(sound: dict[str, Path], form: str) -> None:
    report = checked(sound[form], rerender=1.0)
    assert (report.faults, report.rerendered, report.recoded, report.versions) == (0, 60, 0, {})
    assert checked(sound[form], rerender=0.3, sample=0.0).rerendered == 40 + 6  # words in blocks of 64, scenes one by one


@pytest.mark.usefixtures("again")
def test_a_run_that_was_split_since_is_rendered_again_the_same(out: Path) -> None:
    split_run(out, HeldOut(("font",), 0.5))
    assert checked(out, rerender=1.0).faults == 0


def swap_labels(rows: list[Row]) -> None:
    rows[1]["text"], rows[3]["text"] = rows[3]["text"], rows[1]["text"]  # as long as each other


RENDERED = {
    "swapped labels": ("words", swap_labels, [1, 3], "text rendered again"),
    "a moved quad": ("words", of(5, char_quads=moved(1.0)), [5], "char_quads rendered again: need char_quads.0..0. 2.0, got 3.0"),
    "another picture": (
        "words",
        of(5, image=file(picture(".jpg", (16, 28, 3), 50))),
        [5],
        "image rendered again: need the same pixels, got 1344 of",
    ),
    "another font": ("words", of(5, font="Plane"), [5], "font rendered again: need font 'Bold"),
    "a moved word": ("scenes", inner(5, "words", 1, "quad", moved(0.5)), [5], "words rendered again: need words.1..quad.0. 26.0, got 26.5"),
    "a moved character": ("scenes", inner(5, "chars", 1, "quad", moved(0.5)), [5], "chars rendered again: need chars.1..quad.0."),
    "another map": ("scenes", of(5, affinity=file(picture(".png", (11, 25), 50))), [5], "affinity rendered again: need the same pixels"),
}


@pytest.mark.parametrize(("table", "change", "rows", "told"), RENDERED.values(), ids=RENDERED)
@pytest.mark.usefixtures("again")
def test_what_only_rendering_again_can_tell_is_found_by_it(out: Path, table: str, change: Change, rows: list[int], told: str) -> None:
    name = f"{table}/{table}-00001.parquet"
    replant(out, name, change)
    assert checked(out).faults == 0
    report = checked(out, rerender=1.0)
    assert [fault.row for fault in report.told] == rows, report.told
    assert all(re.search(told, str(fault)) for fault in report.told), report.told


@pytest.mark.usefixtures("again")
def test_a_picture_of_the_same_pixels_in_other_bytes_is_no_fault_but_counted(out: Path) -> None:
    pixels = np.full((16, 28, 3), 45, dtype=np.uint8)  # of sample 15
    other = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_OPTIMIZE, 1))[1].tobytes()
    assert other != picture(".jpg", pixels.shape, 15)
    replant(out, "words/words-00001.parquet", of(5, image=file(other)))
    report = checked(out, rerender=1.0)
    assert (report.faults, report.recoded) == (0, 1)


@pytest.mark.usefixtures("again")
def test_package_versions_that_differ_are_said_when_samples_are_rendered_again(out: Path) -> None:
    edited(out / "run.json", lambda content: content["versions"].update(numpy="0.1"))
    repair(out)
    assert checked(out, rerender=0.1).versions["numpy"] == ("0.1", np.__version__)
    assert checked(out).versions == {}


def test_a_recipe_of_another_version_is_told_only_when_samples_are_to_be_rendered_again(out: Path) -> None:
    edited(out / "run.json", lambda content: content["recipe"].update(sparkle=1))
    repair(out)
    assert set(checked(out).rules) == {"metadata synthgen.run"}  # the digest of the run is another now
    with pytest.raises(SynthgenError, match=r"run.json: recipe: sparkle: no such key"):
        checked(out, rerender=0.1)


@pytest.fixture(scope="module")
def real(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real run of 70 words and 2 scenes; do not change it."""
    out, cache = tmp_path_factory.mktemp("real") / "out", tmp_path_factory.getbasetemp() / "assets"
    recipe = Recipe.checked(dict(FEW_FACES), place="few faces")
    job = Job(recipe=recipe, seed=5, n=70, scenes=2, out=out, factory=open_renderer, assets=opened.digests, shard_size=40, cache=cache)
    run(job, LocalEngine(1, inline=True), resume=False, progress=lambda part: None)
    return out


def test_a_rendered_run_is_verified_and_rendered_again_and_its_planted_faults_are_found(
    real: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = ("--cache", str(tmp_path_factory.getbasetemp() / "assets"))
    code, told = command(real, "--rerender", "1", *cache)
    assert code == 0, told
    assert "70 words and 2 scenes in 3 shards, 72 rows checked, 72 decoded, 72 rendered again: no faults in" in told
    out = Path(shutil.copytree(real, tmp_path / "out"))
    replant(out, "words/words-00001.parquet", of(3, char_quads=moved(0.25)))
    replant(out, "scenes/scenes-00000.parquet", inner(1, "chars", 0, "quad", moved(0.25)))
    code, told = command(out, "--rerender", "1", "--json", *cache)
    found = json.loads(told)
    assert code == 1 and found["faults"] == 2
    assert [(fault["file"], fault["row"], fault["index"]) for fault in found["told"]] == [
        ("words/words-00001.parquet", 3, 43),
        ("scenes/scenes-00000.parquet", 1, 1),
    ]


def test_other_assets_than_the_runs_are_an_error_that_names_them(
    real: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = Path(shutil.copytree(real, tmp_path / "out"))
    edited(out / "run.json", lambda content: content["assets"].update(fonts="0" * 12))
    repair(out)
    code, told = command(out, "--rerender", "1", "--cache", str(tmp_path_factory.getbasetemp() / "assets"))
    assert code == 1
    assert "--rerender needs the assets of the run: fonts: need what the run began with, digest 000000000000, got" in told
    assert "it was changed since; put it back; or verify without --rerender" in told and "--resume" not in told
    edited(out / "run.json", lambda content: content["recipe"]["ground"].update(folder=str(tmp_path / "gone")))
    repair(out)
    code, told = command(out, "--rerender", "1", "--cache", str(tmp_path_factory.getbasetemp() / "assets"))
    assert code == 1 and "--rerender needs the assets of the run: " in told and "gone" in told


@given(st.floats(0, 1), st.integers(0, 300), st.integers(1, 300), st.integers(1, 70))
def test_spans_cover_a_share_of_the_blocks_each_once(share: float, first: int, size: int, block: int) -> None:
    found = [k for begin, end in spans(first, first + size, block, share) for k in range(begin, end)]
    assert found == [k for k in range(first, first + size) if chosen(k // block, share)]
    assert abs(sum(chosen(k, share) for k in range(1000)) - 1000 * share) <= 2
