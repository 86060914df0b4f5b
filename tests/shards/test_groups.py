import json
import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from synthgen import SynthgenError, open_groups, read
from synthgen.shards.groups import ShardGroups
from synthgen.shards.place import locate
from tests.fake_runs import job_of, render

COLUMNS = ["index", "image", "width"]


def loaded(groups: ShardGroups) -> list[dict[str, object]]:
    return [row for number in range(len(groups.sizes)) for row in groups.load(number, COLUMNS).to_pylist()]


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_groups_hold_all_rows_in_order_and_no_more_than_are_read_at_a_time(tmp_path: Path, table: str, form: str) -> None:
    render(job_of(table, tmp_path, samples=25, format=form))
    groups = open_groups(tmp_path, table)
    assert groups.sizes == (10, 10, 5)
    assert loaded(groups) == [row for batch in read(tmp_path, COLUMNS, table) for row in batch.to_pylist()]


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_a_large_shard_has_several_groups(tmp_path: Path, form: str) -> None:
    render(job_of("scenes", tmp_path, samples=230, size=230, format=form))
    groups = open_groups(tmp_path, "scenes")
    assert groups.sizes == (100, 100, 30)
    assert [row["index"] for row in groups.load(2, ["index"]).to_pylist()] == list(range(200, 230))


def test_groups_are_loaded_by_another_process_after_pickling(tmp_path: Path) -> None:
    render(job_of("words", tmp_path))
    groups = open_groups(tmp_path)
    assert loaded(pickle.loads(pickle.dumps(groups))) == loaded(groups)


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_one_shard_may_be_named(tmp_path: Path, form: str) -> None:
    render(job_of("words", tmp_path, format=form))
    shard = next((tmp_path / "words").glob(f"words-00001.{form}"))
    assert [row["index"] for row in loaded(open_groups(shard))] == list(range(10, 20))


def test_a_url_of_this_disk_is_refused_like_any_other_unknown_one() -> None:
    with pytest.raises(SynthgenError, match=r"ftp://x: need a folder or a URL with s3://, gs://, az://, got neither"):
        open_groups("ftp://x")


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need manifest.json, which a finished run has, found none"):
        open_groups(tmp_path)


def test_a_run_without_the_table_is_refused(tmp_path: Path) -> None:
    render(job_of("words", tmp_path))
    content = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    del content["words"]
    (tmp_path / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SynthgenError, match="need a run with words, got one without"):
        open_groups(tmp_path)


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_a_shard_that_is_missing_or_cut_off_is_found_when_opened(tmp_path: Path, form: str) -> None:
    render(job_of("words", tmp_path, format=form))
    shard = next((tmp_path / "words").glob(f"words-00002.{form}"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-9])
    with pytest.raises(SynthgenError, match=rf"words-00002.{form}: need {len(whole)} bytes, got {len(whole) - 9} bytes"):
        open_groups(tmp_path)
    with pytest.raises(SynthgenError, match="words-00002"):
        open_groups(shard).load(0, COLUMNS)
    shard.unlink()
    with pytest.raises(SynthgenError, match=rf"words-00002.{form}: need {len(whole)} bytes, got no file"):
        open_groups(tmp_path)


def test_a_tfrecord_with_a_flipped_byte_is_found_when_its_group_is_loaded(tmp_path: Path) -> None:
    render(job_of("words", tmp_path, format="tfrecord"))
    groups = open_groups(tmp_path)
    shard = next((tmp_path / "words").glob("words-00000.tfrecord"))
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with pytest.raises(SynthgenError, match="need a whole TFRecord, got one cut off or changed"):
        groups.load(0, COLUMNS)


def test_a_file_of_other_samples_is_refused(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(SynthgenError, match="need samples of words, got a file without 'index'"):
        open_groups(tmp_path / "other.parquet")


def test_a_store_that_cannot_be_opened_is_told() -> None:
    with pytest.raises(SynthgenError, match=r"gs://bucket/run: cannot be opened: .*; check the URL"):
        locate("gs://anonymous@bucket/run?retry_limit_seconds=soon")
