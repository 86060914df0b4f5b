"""The command line: what it prints, what it refuses, and how it stops. No fault ends in a traceback."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from synthgen.assets.studio import Opened
from synthgen.cli import app
from synthgen.shards.read import read
from tests.assets.made_fonts import letters, make_font
from tests.engine_tasks import wait_until
from tests.fake_runs import files_of
from tests.test_engine import ROOT

FEW = "[fonts]\nfaces_per_family = 1\n"
LONG = ("--n", "9000", "--shard-size", "300", "--workers", "2")  # 30 shards, some seconds
PROMISED = {"words", "scenes", "seconds", "cpu_seconds", "bytes", "refused", "redrawn"}


@dataclass(frozen=True)
class Home:
    """A folder to work in, with a recipe of few faces and the session's assets."""

    folder: Path
    cache: Path

    @property
    def usual(self) -> list[str]:
        return ["--recipe", str(self.folder / "few.toml"), "--cache", str(self.cache)]

    def run(self, command: str, *options: str, more: bool = True) -> Result:
        """Run a command in this process."""
        found = CliRunner().invoke(app, [command, *(self.usual if more else ()), *options], catch_exceptions=True)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "Traceback" not in found.output
        return found

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start `synthgen render` as a process of its own."""
        env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "HOME": str(self.folder)}
        command = [sys.executable, "-m", "synthgen", "render", *self.usual, *options]
        return subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def home(tmp_path: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return an empty home; `opened` has filled the cache."""
    monkeypatch.chdir(tmp_path)
    return made_home(tmp_path, tmp_path_factory)


def made_home(folder: Path, factory: pytest.TempPathFactory) -> Home:
    (folder / "few.toml").write_text(FEW, encoding="utf-8")
    return Home(folder, factory.getbasetemp() / "assets")


@pytest.fixture(scope="module")
def undisturbed(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a long run that nothing disturbed."""
    home = made_home(tmp_path_factory.mktemp("undisturbed"), tmp_path_factory)
    going = home.start("--out", "out", *LONG, "--workers", "1")
    _, told = going.communicate()
    assert going.returncode == 0, told
    return files_of(home.folder / "out")


def test_render_prints_the_promised_keys_and_writes_what_it_counts(home: Home) -> None:
    found = home.run("render", "--out", "out", "--n", "30", "--workers", "1", "--json", "--seed", "9")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert set(told) >= PROMISED and (told["words"], told["scenes"]) == (30, 1)
    rows = [row for batch in read(home.folder / "out") for row in batch.to_pylist()]
    assert len(rows) == 30
    assert told["bytes"] == sum(path.stat().st_size for path in (home.folder / "out").glob("[ws]*s/*.parquet"))
    assert told["seconds"] > 0 and told["cpu_seconds"] > 0
    assert min(told["refused"], told["redrawn"]) >= 0


def test_render_in_words_says_what_was_made_and_what_to_do_next(home: Home) -> None:
    found = home.run("render", "--out", "out", "--n", "5", "--workers", "1", "--format", "tfrecord")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("5 word images and 1 scenes in out, ") and "synthgen preview" in found.stdout
    assert [path.name for path in (home.folder / "out" / "words").iterdir()] == ["words-00000.tfrecord"]
    assert sum(batch.num_rows for batch in read(home.folder / "out")) == 5


def test_another_seed_is_not_resumed_and_nothing_is_lost(home: Home) -> None:
    home.run("render", "--out", "out", "--n", "5", "--workers", "1")
    before = files_of(home.folder / "out")
    found = home.run("render", "--out", "out", "--n", "5", "--workers", "1", "--seed", "1", "--resume")
    assert found.exit_code == 1 and "seed is 0 there, 1 here" in found.stderr
    assert home.run("render", "--out", "out", "--n", "5", "--workers", "1").exit_code == 1  # without --resume
    assert files_of(home.folder / "out") == before
    assert home.run("render", "--out", "out", "--n", "5", "--workers", "1", "--resume").exit_code == 0


def no_samples(home: Home) -> list[str]:
    return ["--n", "0"]


def out_with_files(home: Home) -> list[str]:
    (home.folder / "out").mkdir()
    (home.folder / "out" / "holiday.jpg").touch()
    return []


def unknown_key(home: Home) -> list[str]:
    (home.folder / "few.toml").write_text("[ink]\ndark_shar = 0.4\n", encoding="utf-8")
    return []


def missing_recipe(home: Home) -> list[str]:
    (home.folder / "few.toml").unlink()
    return []


def missing_corpus(home: Home) -> list[str]:
    return ["--corpus", "none.txt"]


def empty_corpus(home: Home) -> list[str]:
    (home.folder / "empty.txt").touch()
    return ["--corpus", "empty.txt"]


def bad_column(home: Home) -> list[str]:
    (home.folder / "shop.csv").write_text("name,price\nSea Salt,3\n", encoding="utf-8")
    return ["--corpus", "shop.csv:title"]


def odd_corpus(home: Home) -> list[str]:
    return ["--corpus", "notes.doc"]


def missing_fonts(home: Home) -> list[str]:
    return ["--fonts", "nowhere"]


def empty_fonts(home: Home) -> list[str]:
    (home.folder / "bare").mkdir()
    return ["--fonts", "bare"]


def missing_photos(home: Home) -> list[str]:
    return ["--backgrounds", "nowhere"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (no_samples, ("nothing to render", "give --n")),
        (out_with_files, ("need an empty folder", "--resume")),
        (unknown_key, ("ink.dark_shar: no such key", "'ink.dark_share'")),
        (missing_recipe, ("few.toml: cannot be read",)),
        (missing_corpus, ("none.txt",)),
        (empty_corpus, ("empty.txt",)),
        (bad_column, ("shop.csv", "title", "name")),
        (odd_corpus, ("notes.doc", "PATH[:COLUMN][=WEIGHT]")),
        (missing_fonts, ("fonts nowhere: need a folder of font files",)),
        (empty_fonts, ("fonts bare: need a font file",)),
        (missing_photos, ("nowhere",)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_fault_of_a_user_is_one_clear_error(home: Home, fault: Callable[[Home], list[str]], said: tuple[str, ...]) -> None:
    found = home.run("render", "--out", "out", "--n", "5", *fault(home))
    assert found.exit_code == 1, found.output
    assert found.stdout == "" and found.stderr.startswith("error: ")
    assert all(part in found.stderr for part in said), found.stderr
    assert not list((home.folder / "out").glob("words/*"))


@pytest.mark.parametrize(
    "options", [["--n", "-1"], ["--n", "many"], ["--shard-size", "0"], ["--format", "csv"], ["--seed", "-1"], ["--nn", "3"]]
)
def test_wrong_usage_exits_with_2(home: Home, options: list[str]) -> None:
    assert home.run("render", "--out", "out", *options).exit_code == 2
    assert home.run("render", *options, more=False).exit_code == 2


def test_fonts_lists_faces_and_why_a_font_was_refused(home: Home) -> None:
    (home.folder / "mine").mkdir()
    (home.folder / "mine" / "broken.ttf").write_bytes(b"no font at all")
    make_font(home.folder / "mine" / "good.ttf", letters("".join(chr(code) for code in range(33, 127))) | {" ": None}, family="Mine")
    (home.folder / "few.toml").write_text("[fonts]\npackages = false\n", encoding="utf-8")
    found = home.run("fonts", "--fonts", "mine")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0].split()[:4] == ["Mine", "400", "user", "92/92"]
    assert lines[1].startswith("refused broken (broken.ttf): is no font that FreeType can open")
    assert lines[2] == "1 faces, 1 refused"
    told = json.loads(home.run("fonts", "--fonts", "mine", "--json").stdout)
    assert [face["name"] for face in told["faces"]] == ["Mine 400"] and told["faces"][0]["missing"] == ""
    assert [font["path"] for font in told["refused"]] == ["broken.ttf"]


def test_an_unreadable_photo_is_counted_and_told(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    (home.folder / "shelf").mkdir()
    (home.folder / "shelf" / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    y, x = np.mgrid[0:300, 0:400]
    cv2.imwrite(str(home.folder / "shelf" / "good.png"), np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8))
    with caplog.at_level(logging.INFO):
        found = home.run("preview", "--out", "sheet.png", "--count", "60", "--backgrounds", "shelf")
    assert found.exit_code == 0, found.output
    assert "broken.jpg" in caplog.text
    assert any(record.getMessage().startswith("photos: 1 ") or "1 unreadable" in record.getMessage() for record in caplog.records), (
        caplog.text
    )


def test_preview_writes_a_sheet_and_an_estimate(home: Home) -> None:
    found = home.run("preview", "--out", "sheet.png", "--count", "12", "--n", "1000000", "--workers", "2")
    assert found.exit_code == 0, found.output
    first, second = found.stdout.splitlines()
    assert first == "sheet.png: 12 samples" and "images/s a core; 1,000,000 images on 2: " in second and " GB" in second
    sheet = cv2.imread("sheet.png")
    assert sheet is not None and sheet.shape[1] == 1440 and (sheet < 250).any()
    bare = home.run("preview", "--out", "bare.png", "--count", "12", "--no-quads")
    without = cv2.imread("bare.png")
    assert bare.exit_code == 0 and without is not None and not np.array_equal(without, sheet)


def test_a_sheet_that_cannot_be_written_is_an_error(home: Home) -> None:
    found = home.run("preview", "--out", "none/sheet.png", "--count", "2")
    assert found.exit_code == 1 and "none/sheet.png: cannot be written" in found.stderr and "give another file with --out" in found.stderr


def scratch_in(out: Path) -> list[str]:
    return [name for name in files_of(out) if "/." in name or name.startswith(".")]


def test_ctrl_c_exits_with_130_says_how_to_resume_and_leaves_nothing_half(home: Home) -> None:
    out = home.folder / "out"
    going = home.start("--out", "out", *LONG)
    wait_until(lambda: len(list(out.glob("parts/words-*.json"))) >= 2)
    going.send_signal(signal.SIGINT)
    _, told = going.communicate()
    assert going.returncode == 130, told
    assert "Traceback" not in told and "synthgen render --out out ... --resume" in told
    assert not scratch_in(out) and "manifest.json" not in files_of(out)
    assert {path.stem for path in out.glob("parts/*")} <= {path.stem for path in out.glob("words/*")}
    assert 600 <= sum(batch.num_rows for batch in read(out, partial=True)) < 9000


@pytest.mark.slow  # three runs of processes of their own: test_job.py proves the same of a quick renderer
def test_a_killed_run_resumes_to_the_same_bytes(home: Home, undisturbed: dict[str, bytes]) -> None:
    out = home.folder / "out"
    going = home.start("--out", "out", *LONG)
    wait_until(lambda: len(list(out.glob("parts/words-*.json"))) >= 2)
    going.kill()
    going.communicate()
    assert "manifest.json" not in files_of(out)
    again = home.start("--out", "out", *LONG, "--resume", "--json")
    result, told = again.communicate()
    assert again.returncode == 0 and "Traceback" not in told, told
    assert json.loads(result)["words"] == 9000 and 0 < json.loads(result)["made"] < 9000
    assert files_of(out) == undisturbed


def test_progress_is_told_line_by_line_where_there_is_no_terminal(home: Home) -> None:
    going = home.start("--out", "out", "--n", "40", "--shard-size", "20", "--workers", "1")
    result, told = going.communicate()
    assert going.returncode == 0
    assert (
        "40 word images and 1 scenes in out" in result
        and "shard 2 of 3: 20 words, " in told
        and "shard 3 of 3: 1 scenes" in told
        and " images/s, " in told
    )
