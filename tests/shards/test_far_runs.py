"""What is done with a run here is done with one in object storage too: verify, split, one row of it."""

import shutil
from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from synthgen.held_out import HeldOut
from synthgen.shards.manifest import RUN, read_record
from synthgen.shards.place import below
from synthgen.shards.relabel import split_run
from synthgen.shards.row import stored_row
from synthgen.shards.shard_check import Depth
from synthgen.shards.store import open_store
from synthgen.verify import Order, Report, verify
from tests.fake_runs import files_of
from tests.shards.faulty_store import LOST, URL, Planted, plant


@pytest.fixture(params=["parquet", "tfrecord"])
def far(request: pytest.FixtureRequest, sound: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """Return the file system below URL, where a sound run is; the same run is in `tmp_path / "near"`."""
    found = plant(tmp_path, monkeypatch)
    for place in ("bucket/run", "near"):
        shutil.copytree(sound[request.param], tmp_path / place)
    return found


def checked(place: Path | str) -> Report:
    return verify(Order(place, Depth(), 1))


def test_a_sound_run_is_verified_and_no_copy_of_it_stays(far: Planted, tmp_path: Path) -> None:
    near, there = checked(tmp_path / "near"), checked(URL)
    assert (there.faults, there.rows, there.checked, there.decoded) == (0, near.rows, near.checked, near.decoded)
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]


def test_faults_are_found_and_named_as_in_a_folder(far: Planted, tmp_path: Path) -> None:
    for run in (tmp_path / "near", tmp_path / "bucket/run"):
        shard = min(run.glob("words/*"))
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 1
        shard.write_bytes(data)
        max(run.glob("words/*")).unlink()
        min(run.glob("parts/*")).unlink()
        (run / "scenes" / "stray").write_bytes(b"1")
    assert checked(URL).rules == checked(tmp_path / "near").rules != {}


def test_a_store_that_goes_away_is_no_fault_of_the_run(far: Planted) -> None:
    far.faults["read"] = [""] * 3 + [LOST] * 999
    with pytest.raises(SynthgenError, match=r"s3://bucket/run/.* cannot be read: the store does not answer"):
        checked(URL)


def test_a_split_run_has_the_files_of_one_split_in_a_folder(far: Planted, tmp_path: Path) -> None:
    held = HeldOut(("font",), 0.5)
    assert split_run(URL, held) == split_run(tmp_path / "near", held)
    assert files_of(tmp_path / "bucket/run") == files_of(tmp_path / "near")
    with pytest.raises(SynthgenError, match=r"s3://bucket/run/words: need the folder of a run, got one without run\.json"):
        split_run(f"{URL}/words", held)


def test_one_row_is_the_stored_one(far: Planted, tmp_path: Path) -> None:
    run = read_record(open_store(URL), RUN)
    there, near = stored_row(URL, run, "words", 13), stored_row(tmp_path / "near", run, "words", 13)
    assert (there.file, there.number, there.values) == (near.file, near.number, near.values)


def test_a_place_below_a_url_keeps_its_query() -> None:
    assert below("s3://bucket/run/?scheme=http", "words/a.parquet") == "s3://bucket/run/words/a.parquet?scheme=http"
    assert below("run", "words/a.parquet") == Path("run/words/a.parquet")
