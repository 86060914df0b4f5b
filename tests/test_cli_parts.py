"""The command line of runs in parts: `render --shards`, then `merge`; and what clusters need."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthgen.assets.studio import Opened
from synthgen.cli import app
from synthgen.job import run
from tests.fake_runs import INLINE, fake_job, files_of
from tests.test_cli import Home, made_home

RUN = ("--n", "10", "--scenes", "0", "--shard-size", "5", "--workers", "1")


@pytest.fixture
def home(tmp_path: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    return made_home(tmp_path, tmp_path_factory)


def test_render_makes_some_shards_and_says_how_to_join_them(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    found = home.run("render", "--out", "a", *RUN, "--shards", "1-1")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("5 word images and 0 scenes in a, ")
    assert found.stdout.endswith("; once all shards are there: synthgen merge a\n")
    assert "1 of 2 shards: words are 0 to 1" in caplog.messages
    assert set(files_of(home.folder / "a")) == {"run.json", "parts/words-00001.json", "words/words-00001.parquet"}


def test_merge_joins_parts_or_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for out, only in (("a", range(3)), ("b", range(2, 4))):
        run(fake_job(Path(out)), INLINE, resume=False, progress=lambda part: None, only=only)
    found = CliRunner().invoke(app, ["merge", "a"])
    assert (found.exit_code, "error: a: need all 4 shards, 1 missing or damaged" in found.stderr) == (1, True)
    assert found.stderr.endswith("--shards 3\n")
    found = CliRunner().invoke(app, ["merge", "a", "b", "--out", "whole", "--json"])
    told = json.loads(found.stdout)
    assert (told["words"], told["scenes"], told["shards"], told["linked"], told["copied"]) == (40, 0, 4, 4, 0)
    found = CliRunner().invoke(app, ["merge", "whole"])
    assert found.stdout.startswith("40 word images and 0 scenes in 4 shards at whole, ")
    assert found.stdout.endswith("; 0 shards linked, 0 copied. Next: synthgen verify whole\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shards", "2"], "--shards '2': need numbers up to 1, as the run has 2 shards, got 2"),
        (["--shards", "all"], "--shards 'all': need A-B or A"),
        (["--address", "auto"], "--address: need --engine ray or spark, got local; name one of them, or leave --address out"),
        (["--bundle", "x"], "--bundle: need --engine ray or spark, got local"),
    ],
)
def test_each_fault_of_a_user_is_one_clear_error(home: Home, options: list[str], said: str) -> None:
    found = home.run("render", "--out", "out", *RUN, *options)
    assert (found.exit_code, found.stdout) == (1, "")
    assert said in found.stderr
    assert not (home.folder / "out").exists()
