"""Storage and manifest: whole files or none, and faults in words."""

import errno
import json
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from synthgen.shards import manifest, storage
from synthgen.shards.read import read
from synthgen.shards.store import Folder


def test_a_file_appears_only_when_its_body_ends_well(tmp_path: Path) -> None:
    final = tmp_path / "a.json"
    with pytest.raises(ZeroDivisionError), storage.atomic_path(final) as scratch:
        scratch.write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with storage.atomic_path(final) as scratch:
        scratch.write_text("whole", encoding="utf-8")
        assert not final.exists()
        assert storage.SCRATCH.match(scratch.name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_old_file_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    storage.write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ZeroDivisionError), storage.atomic_path(tmp_path / "a.json"):
        raise ZeroDivisionError
    assert storage.read_json(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize("code", sorted(storage.CURES), ids=errno.errorcode.get)
def test_a_fault_of_the_disk_says_its_cure(tmp_path: Path, code: int) -> None:
    said = pytest.raises(SynthgenError, match=rf"b\.json: cannot be written: {storage.CURES[code]}; what is finished is kept")
    with said, storage.atomic_path(tmp_path / "b.json"):
        raise OSError(code, os.strerror(code))
    assert list(tmp_path.iterdir()) == []


def test_other_faults_keep_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="cannot be written: Input/output error; give another OUT"), storage.mendable(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(OSError, match="ours"), storage.mendable(tmp_path):
        raise OSError("ours")


@pytest.mark.parametrize("url", ["s3://bucket/x", "s3://name:topsecret@bucket/x"])
def test_a_url_is_no_path_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.chdir(tmp_path)
    for write in (storage.make_folder, lambda path: storage.write_json(path, {})):
        with pytest.raises(SynthgenError, match=r"^s3://bucket/x: need a folder or file of this machine, got a URL, .*; give a path here$"):
            write(Path(url))
    assert list(tmp_path.iterdir()) == []


def test_only_scratch_files_are_swept(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    for name in (".run.json.0123abcd", "words/.words-00000.parquet.ffff0000", ".gitignore", "words/.keep.me", "words/words-00000.parquet"):
        (tmp_path / name).touch()
    assert storage.sweep(tmp_path) == 2
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == [".gitignore", "words/.keep.me", "words/words-00000.parquet"]


def test_the_digest_of_a_run_does_not_change_as_it_grows() -> None:
    about: manifest.Json = {"seed": 1, "n": 5, "scenes": 0, "recipe": {"a": [1, 2]}}
    assert manifest.run_digest({**about, "n": 9, "scenes": 7}) == manifest.run_digest(about)
    assert manifest.run_digest({**about, "seed": 2}) != manifest.run_digest(about)
    assert manifest.run_digest({**about, "recipe": {"a": [2, 1]}}) != manifest.run_digest(about)


def test_each_difference_of_two_records_is_named() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": [1]}
    new = {"a": {"b": 2, "c": [1, 3]}, "e": [1, 2], "f": 0}
    assert list(manifest.differences(old, new)) == [
        ("a.b", 1, 2),
        ("a.c[1]", 2, 3),
        ("d", 1, None),
        ("e", [1], [1, 2]),
        ("f", None, 0),
    ]
    assert list(manifest.differences(old, old)) == []


@given(table=st.sampled_from(["words", "scenes"]), shard=st.integers(0, 10**6))
def test_a_shard_of_either_table_is_one_number_that_is_written_as_its_name(table: str, shard: int) -> None:
    number = manifest.ShardNumber.of(table, shard)
    for copy in (number, pickle.loads(pickle.dumps(number)), manifest.ShardNumber(int(number))):
        assert (copy.table, copy.shard, f"{copy}") == (table, shard, manifest.shard_name(table, shard, ""))


@given(numbers=st.sets(st.integers(0, 99)))
def test_no_two_shards_have_one_number(numbers: set[int]) -> None:
    shards = [manifest.ShardNumber(number) for number in sorted(numbers)]
    assert len({(shard.table, shard.shard) for shard in shards}) == len(shards)
    assert [manifest.ShardNumber.of(shard.table, shard.shard) for shard in shards] == shards


def test_the_manifest_has_words_first_and_no_table_that_was_not_asked_for(tmp_path: Path) -> None:
    parts = [manifest.Part(table, shard, f"{table}/{shard}", 1, 0, "", {"refused": 2}) for table in ("scenes", "words") for shard in (1, 0)]
    manifest.write_manifest(Folder(tmp_path), {"n": 0}, parts)
    written = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert list(written) == ["digest", "run", "words", "scenes"]
    assert [part["file"] for part in written["scenes"]["shards"]] == ["scenes/0", "scenes/1"]
    assert written["scenes"]["counts"] == {"refused": 4}
    manifest.write_manifest(Folder(tmp_path), {"n": 0}, parts[:2])
    with pytest.raises(SynthgenError, match="need a run with words, found one without; render some, or read another table"):
        list(read(tmp_path))


def test_shard_names_grow() -> None:
    assert manifest.shard_name("words", 42, ".parquet") == "words-00042.parquet"
    assert manifest.shard_name("words", 123_456, ".json") == "words-123456.json"


def test_shards_above_the_hundred_thousandth_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "parts").mkdir()
    for shard in (100_000, 99_999, 7):
        name = f"words/{manifest.shard_name('words', shard, '.tfrecord')}"
        (tmp_path / name).touch()
        manifest.vouch(Folder(tmp_path), manifest.made_part(name, tmp_path / name, 0, {}))
    assert list(read(tmp_path, partial=True)) == []
    parts = [manifest.parsed_part(path.read_bytes(), str(path)) for path in (tmp_path / "parts").iterdir()]
    manifest.write_manifest(Folder(tmp_path), {"n": 0}, parts)
    written = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert [part["shard"] for part in written["words"]["shards"]] == [7, 99_999, 100_000]


def test_a_folder_whose_shard_was_lost_or_cut_does_not_read(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "parts").mkdir()
    file = tmp_path / "words" / "words-00000.tfrecord"
    file.touch()
    manifest.write_manifest(Folder(tmp_path), {"n": 0}, [manifest.made_part("words/words-00000.tfrecord", file, 0, {"b": 1, "a": 2})])
    file.write_bytes(b"more")
    with pytest.raises(SynthgenError, match=r"words-00000\.tfrecord: need 0 bytes, got 4; render again with --resume"):
        list(read(tmp_path))
    file.unlink()
    with pytest.raises(SynthgenError, match=r"words-00000\.tfrecord: need 0 bytes, got no file"):
        list(read(tmp_path))
    (tmp_path / "parts/words-00000.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"need the record of a shard, got .*missing"):
        manifest.read_part(Folder(tmp_path), "parts/words-00000.json")
