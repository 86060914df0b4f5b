"""Stores: the same behaviour of a folder and of a place in object storage, and what is tried again, told or given up."""

import logging
import os
import pickle
import re
from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from synthgen.shards import storage
from synthgen.shards.faults import delays_s, is_transient, retried, store_error
from synthgen.shards.read import read
from synthgen.shards.remote import Remote
from synthgen.shards.store import Folder, Store, open_store
from tests.fake_runs import fake_job, files_of, render
from tests.shards.faulty_store import BUSY, DENIED, LOST, NO_BUCKET, URL, Planted, plant

HEX = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of b"hello"


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    return plant(tmp_path, monkeypatch)


@pytest.fixture(params=["folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path, planted: Planted) -> Store:
    return open_store(tmp_path / "bucket/run" if request.param == "folder" else URL)


def test_a_store_gives_back_what_it_was_given(store: Store, tmp_path: Path) -> None:
    assert (store.read("a/b"), store.size("a/b"), store.sha256("a/b"), store.listing(), store.listing("a")) == (None, None, None, {}, {})
    store.reach()
    store.write("a/b", b"hello")
    assert (store.read("a/b"), store.size("a/b"), store.sha256("a/b")) == (b"hello", 5, HEX)
    assert (store.listing(), store.listing("a"), store.size("a")) == ({"a": None}, {"b": 5}, None)
    assert store.keeps("a/b", 5, HEX)
    assert not store.keeps("a/b", 6, HEX)
    store.write("a/b", b"")
    assert store.read("a/b") == b""
    store.remove("a/b")
    store.remove("a/b")
    assert store.size("a/b") is None


def test_files_of_this_machine_go_in_and_come_out(store: Store, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"hello")
    store.put(tmp_path / "source", "a/b")
    store.get("a/b", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == store.read("a/b") == b"hello"
    with pytest.raises(FileNotFoundError):
        store.get("a/c", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_local_copy_has_the_name_and_the_bytes_and_the_store_keeps_its_file(store: Store) -> None:
    store.write("words/a.parquet", b"hello")
    with store.local_copy("words/a.parquet") as path:
        assert (path.name, path.read_bytes()) == ("a.parquet", b"hello")
    assert path.exists() == isinstance(store, Folder)
    assert store.read("words/a.parquet") == b"hello"
    with store.local_copy("words/b.parquet") as path:
        assert not path.exists()


def test_a_new_file_is_whole_or_not_there_and_leaves_no_scratch(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.new_file("words/a") as scratch:
        scratch.write_bytes(b"half")
        raise ZeroDivisionError
    assert store.size("words/a") is None
    with store.new_file("words/a") as scratch:
        scratch.write_bytes(b"hello")
        assert storage.SCRATCH.match(scratch.name)
        assert store.size("words/a") is None
    assert store.read("words/a") == b"hello"
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_store_is_held_by_one_run_or_by_those_that_share_it(store: Store) -> None:
    with store.hold(), pytest.raises(SynthgenError, match="one run at a time, and another is writing there"), store.hold():
        pass
    with store.hold(shared=True), store.hold(shared=True), pytest.raises(SynthgenError, match=re.escape(f"{store}: one run")), store.hold():
        pass


def test_one_place_in_object_storage_is_held_once_however_its_url_ends(planted: Planted) -> None:
    with Remote(URL).hold(), pytest.raises(SynthgenError, match="one run at a time"), Remote(f"{URL}/").hold():
        pass


def test_scratch_of_dead_runs_is_swept_and_that_of_others_left(store: Store, tmp_path: Path) -> None:
    with store.hold(), store.new_file("words/a") as mine, store.new_file("words/b") as other:
        mine.touch()
        other.touch()
        store.sweep({"a"})
        assert mine.exists()  # another may be writing it
        for path in (mine, other):
            os.utime(path, times=(0, 0))
        store.sweep({"a"})
        assert (mine.exists(), other.exists()) == (False, True)
        store.sweep()
        assert not other.exists()
        other.touch()  # for what puts it in place
        mine.touch()


def test_stores_travel_to_workers_by_name_alone(store: Store) -> None:
    assert pickle.loads(pickle.dumps(store)) == store
    assert len(pickle.dumps(store)) < 400


def test_a_run_in_object_storage_has_the_files_of_a_local_one(planted: Planted, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    report = render(fake_job(URL, n=60, scenes=60))
    assert files_of(tmp_path / "bucket/run") == undisturbed
    assert (report.words, report.made) == (60, 60)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert sum(batch.num_rows for batch in read(URL)) == 60


def test_a_resumed_run_in_object_storage_makes_what_is_missing_or_of_another_size(
    planted: Planted, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    render(fake_job(URL, n=60, scenes=60))
    out = tmp_path / "bucket/run"
    (out / "words/words-00001.parquet").write_bytes(b"cut")
    (out / "scenes/scenes-00002.parquet").unlink()
    (out / "parts/words-00003.json").write_bytes(b"{")
    report = render(fake_job(URL, n=60, scenes=60), resume=True)
    assert (report.made, report.scenes_made) == (20, 10)
    assert files_of(out) == undisturbed
    with pytest.raises(SynthgenError, match=r"s3://bucket/run/run\.json: --resume needs the same run, .*: seed is 5 there, 6 here"):
        render(fake_job(URL, n=60, scenes=60, seed=6), resume=True)
    with pytest.raises(SynthgenError, match="s3://bucket/run: need an empty folder, got one with files; --resume goes on"):
        render(fake_job(URL, n=60))


def test_a_resumed_run_in_object_storage_reads_no_shard_back(planted: Planted) -> None:
    render(fake_job(URL, n=60))
    planted.calls.clear()
    render(fake_job(URL, n=60), resume=True)
    assert planted.calls["read"] == 6 + 1  # the records, run.json
    assert planted.calls["write"] == 0


@pytest.mark.parametrize("operation", ["write", "read", "info", "list", "delete"])
def test_what_fails_for_a_while_is_tried_again_and_logged(
    planted: Planted, tmp_path: Path, operation: str, caplog: pytest.LogCaptureFixture, undisturbed: dict[str, bytes]
) -> None:
    store = Remote(URL)
    store.write("a", b"1")
    planted.faults[operation] = [LOST, BUSY]
    with caplog.at_level(logging.WARNING):
        assert (store.size("a"), store.read("a"), store.listing()) == (1, b"1", {"a": 1})
        store.write("b", b"2")
        store.remove("a")
    assert store.listing() == {"b": 1}
    assert len(caplog.records) == 2
    assert "the store does not answer (AWS Error NETWORK_CONNECTION); check the network and the endpoint; trying again in 1" in caplog.text


def test_a_shard_that_is_cut_or_spoilt_on_its_way_is_sent_again(planted: Planted, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"hello")
    sent = tmp_path / "bucket/run/a"
    spoil = iter([b"hell", b"jello"])
    info = planted.get_file_info

    def looked(paths: list[str]) -> object:
        bad = next(spoil, None)
        if bad is not None:
            sent.write_bytes(bad)
        return info(paths)

    planted.get_file_info = looked  # type: ignore[method-assign,assignment]
    assert Remote(URL).send(tmp_path / "source", "a", HEX) == 2
    assert sent.read_bytes() == b"hello"
    spoil = iter([b"jello"])
    assert Remote(URL).send(tmp_path / "source", "a", HEX, read_back=False) == 0
    assert sent.read_bytes() == b"jello"  # sizes alone were asked for
    spoil = iter([b"jello"] * 3)
    with pytest.raises(SynthgenError, match="run/a: cannot be written: it reads back as other bytes"):
        Remote(URL, (0.0, 0.0)).send(tmp_path / "source", "a", HEX)


def test_a_record_that_reads_back_otherwise_is_written_again(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, read_back = iter([b"jello"]), Remote._content
    monkeypatch.setattr(Remote, "_content", lambda self, name: next(spoil, None) or read_back(self, name))
    Remote(URL).write("a", b"hello")
    assert planted.calls["write"] == 2


@pytest.mark.parametrize(("fault", "told"), [(DENIED, "access is refused"), (NO_BUCKET, "there is no such bucket")])
def test_what_lasts_is_told_at_once(planted: Planted, fault: str, told: str) -> None:
    planted.faults["write"] = [fault] * 9
    with pytest.raises(SynthgenError, match=rf"s3://bucket/run/a: cannot be written: {told} \(AWS Error [A-Z_]+\); "):
        Remote(URL).write("a", b"1")
    assert planted.calls["write"] == 1


def test_what_does_not_end_is_given_up(planted: Planted) -> None:
    planted.faults["write"] = [LOST] * 99
    with pytest.raises(SynthgenError, match="cannot be written: the store does not answer"):
        Remote(URL).write("a", b"1")
    assert planted.calls["write"] == 7
    assert delays_s(8) == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 32.0, 32.0)


def test_a_store_that_does_not_answer_at_first_is_told_at_once(planted: Planted) -> None:
    planted.faults["list"] = [LOST] * 99
    with pytest.raises(SynthgenError, match="s3://bucket/run: cannot be reached: the store does not answer"):
        render(fake_job(URL))
    assert planted.calls["list"] == 1


def test_a_bucket_that_is_not_there_is_named(planted: Planted, tmp_path: Path) -> None:
    (tmp_path / "bucket").rmdir()
    for act in (lambda: render(fake_job(URL)), lambda: list(read(URL))):
        with pytest.raises(SynthgenError, match=r"s3://bucket/run: need a bucket that exists, found no .bucket.; make it, or check"):
            act()


@pytest.mark.parametrize(
    ("said", "transient"),
    [
        (LOST, True),
        (BUSY, True),
        (DENIED, False),
        (NO_BUCKET, False),
        ("AWS Error UNKNOWN (HTTP status 503) during HeadObject operation: No response body.", True),
        ("AWS Error UNKNOWN (HTTP status 403) during HeadObject operation: No response body.", False),
        ("google::cloud::Status(UNAVAILABLE: try later)", True),
        ("google::cloud::Status(PERMISSION_DENIED: no)", False),
        ("Azure Error: [ServerBusy] 503 busy", True),
        ("Azure Error: [AuthenticationFailed] 403 no", False),
        ("the sky fell", False),
    ],
)
def test_only_what_may_pass_is_tried_again(said: str, transient: bool) -> None:
    assert is_transient(OSError(said)) == transient


def test_errors_are_one_line_without_the_store_s_letters() -> None:
    told = str(store_error("s3://b/a", "read", OSError("the sky fell\nAuthorization: Bearer hunter2\n" + "x" * 999)))
    assert "the sky fell; check the URL, the credentials and the network" in told or "access is refused" in told
    assert "hunter2" not in told
    assert "\n" not in told


def test_other_errors_are_not_caught() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        retried("s3://b/a", "read", broken)


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(SynthgenError, match=r"run\.json: cannot be read: Permission denied; mend its rights"):
        Folder(tmp_path).read("run.json")
