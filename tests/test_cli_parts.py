"""The command line of runs in parts: `render --shards`, then `merge`; and what clusters need."""

import json
from pathlib import Path

import pytest

from synthgen.assets.studio import Opened
from tests.fake_runs import files_of
from tests.test_cli import Home, made_home

RUN = ("--n", "40", "--scenes", "0", "--shard-size", "20", "--workers", "1")


@pytest.fixture
def home(tmp_path: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    return made_home(tmp_path, tmp_path_factory)


def test_parts_are_rendered_apart_and_merged(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for out, shards in (("a", "0"), ("b", "1-1")):
        found = home.run("render", "--out", out, *RUN, "--shards", shards)
        assert found.exit_code == 0, found.output
        assert f"20 word images and 0 scenes in {out}" in found.stdout
        assert found.stdout.endswith(f"once all shards are there: synthgen merge {out}\n")
    assert "1 of 2 shards: words are 0 to 1" in caplog.messages
    found = home.run("merge", "a", more=False)
    assert (found.exit_code, "1 are missing or damaged" in found.stderr, "--shards 1" in found.stderr) == (1, True, True)
    found = home.run("merge", "a", "b", "--out", "whole", "--json", more=False)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["words"], told["shards"], told["linked"], told["copied"]) == (40, 2, 2, 0)
    assert home.run("render", "--out", "once", *RUN).exit_code == 0
    assert files_of(home.folder / "whole") == files_of(home.folder / "once")
    found = home.run("merge", "whole", more=False)
    assert "40 word images and 0 scenes in 2 shards at whole" in found.stdout and "Next: synthgen verify whole" in found.stdout


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
