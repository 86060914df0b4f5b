"""Uploads: what is refused, skipped, sent again and verified, and that the manifest comes last."""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthgen.cli import app
from synthgen.errors import SynthgenError
from synthgen.shards.upload import Order, Report, Sent, upload
from tests.fake_runs import fake_job, files_of, render
from tests.shards.faulty_store import DENIED, LOST, URL, Planted, plant


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    return plant(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rendered")
    render(fake_job(out, n=40, scenes=20))
    return out


@pytest.fixture
def near(rendered: Path, tmp_path: Path) -> Path:
    """Return a finished run that may be spoilt."""
    shutil.copytree(rendered, tmp_path / "near")
    return tmp_path / "near"


def far_files(planted: Planted) -> dict[str, bytes]:
    return files_of(planted.root / "bucket/run")


def sent(near: Path, **other: object) -> Report:
    return upload(replace(Order(near, URL, delays_s=(0.0, 0.0)), **other), lambda one: None)  # type: ignore[arg-type]  # a wrong type fails at once


def test_an_uploaded_run_is_the_same_files(planted: Planted, near: Path) -> None:
    heard: list[Sent] = []
    report = upload(Order(near, URL), heard.append)
    assert far_files(planted) == files_of(near)
    assert (report.shards, report.uploaded, report.skipped, report.retried, report.deleted) == (6, 6, 0, 0, 0)
    sizes = [path.stat().st_size for path in near.rglob("*.parquet")]
    assert report.bytes == report.uploaded_bytes == sum(one.bytes for one in heard) == sum(sizes)
    assert report.mb_per_second > 0


def test_what_is_there_and_equal_is_skipped(planted: Planted, near: Path) -> None:
    sent(near)
    (planted.root / "bucket/run/words/words-00001.parquet").write_bytes(b"cut")
    data = bytearray((planted.root / "bucket/run/scenes/scenes-00001.parquet").read_bytes())
    data[100] ^= 1
    (planted.root / "bucket/run/scenes/scenes-00001.parquet").write_bytes(data)
    by_size = sent(near, verify="size")
    assert (by_size.uploaded, by_size.skipped) == (1, 5)  # a flipped bit is not looked for
    by_checksum = sent(near)
    assert (by_checksum.uploaded, by_checksum.skipped) == (1, 5)
    assert far_files(planted) == files_of(near)
    planted.calls.clear()
    assert (sent(near).uploaded, planted.calls["write"]) == (0, 0)


def test_the_run_record_comes_first_and_the_manifest_last(planted: Planted, near: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    open_out = planted.open_output_stream

    def noted(path: str, metadata: object) -> object:
        written.append(path)
        return open_out(path, metadata)

    monkeypatch.setattr(planted, "open_output_stream", noted)
    sent(near)
    assert (written[0], written[-1], len(written)) == ("bucket/run/run.json", "bucket/run/manifest.json", 14)
    for shard in (name for name in written if name.endswith(".parquet")):
        record = f"bucket/run/parts/{Path(shard).stem}.json"
        assert written.index(shard) < written.index(record)


def test_an_upload_that_was_stopped_goes_on(planted: Planted, near: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_out, left = planted.open_output_stream, iter([None] * 7)

    def stop(path: str, metadata: object) -> object:
        if next(left, 0) == 0:
            raise OSError(LOST)
        return open_out(path, metadata)

    with monkeypatch.context() as patch, pytest.raises(SynthgenError, match="cannot be written: the store does not answer"):
        patch.setattr(planted, "open_output_stream", stop)
        sent(near)
    assert "manifest.json" not in far_files(planted)
    report = sent(near)
    assert report.uploaded < 6
    assert report.uploaded + report.skipped == 6
    assert far_files(planted) == files_of(near)


def test_tries_in_vain_are_counted(planted: Planted, near: Path) -> None:
    planted.faults["write"] = ["", LOST, LOST]  # run.json goes well
    report = sent(near, threads=1)
    assert far_files(planted) == files_of(near)
    assert report.retried == 2
    planted.faults["write"] = [DENIED]
    (planted.root / "bucket/run/words/words-00000.parquet").unlink()
    with pytest.raises(SynthgenError, match="access is refused"):
        sent(near)


def misname(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"sha256"', '"sha1"'), encoding="utf-8")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "damage", "told"),
    [
        ("words/words-00001.parquet", flip, "need the SHA-256 [0-9a-f]{64}, as in manifest.json, got [0-9a-f]{64}; nothing was uploaded"),
        ("words/words-00001.parquet", lambda path: os.truncate(path, 9), r"need \d+ bytes, got 9; nothing was uploaded; render again"),
        ("scenes/scenes-00000.parquet", Path.unlink, r"need \d+ bytes, got no file"),
        ("parts/words-00000.json", Path.unlink, "need the record of words/words-00000.parquet, as in manifest.json, got another or none"),
        ("parts/words-00000.json", lambda path: path.write_text("{}"), "need the record of words/words-00000.parquet"),
        ("manifest.json", Path.unlink, "need manifest.json, which a finished run has, found none; go on with `synthgen render --resume`"),
        ("manifest.json", misname, "need the records of words and scenes, got others or none"),
        ("run.json", lambda path: path.write_text('{"n": 1}'), "need the run of the manifest, got another: recipe is .* there, missing"),
    ],
)
def test_a_run_that_is_damaged_or_unfinished_is_refused_before_anything_is_sent(
    planted: Planted, near: Path, name: str, damage: object, told: str
) -> None:
    damage(near / name)  # type: ignore[operator]
    with pytest.raises(SynthgenError, match=told):
        sent(near)
    assert (far_files(planted), planted.calls["write"]) == ({}, 0)


def test_all_damaged_shards_are_counted(planted: Planted, near: Path) -> None:
    for shard in near.glob("words/*"):
        flip(shard)
    with pytest.raises(SynthgenError, match=r"words-00000\.parquet: need .* \(and 3 more\); nothing was uploaded"):
        sent(near)


def test_another_run_at_the_url_is_left_alone_and_named(planted: Planted, near: Path, tmp_path: Path) -> None:
    sent(near)
    before = far_files(planted)
    render(fake_job(tmp_path / "other", n=40, scenes=20, seed=6))
    with pytest.raises(
        SynthgenError, match=r"run/run\.json: need this run, or none, got another: seed is 5 there, 6 here; give another URL"
    ):
        sent(tmp_path / "other")
    render(fake_job(tmp_path / "less", n=30, scenes=20))
    with pytest.raises(SynthgenError, match="n is 40 there, 30 here"):
        sent(tmp_path / "less")
    assert far_files(planted) == before
    (planted.root / "bucket/run/run.json").write_text("{", encoding="utf-8")
    with pytest.raises(SynthgenError, match="got another: "):
        sent(near)
    (planted.root / "bucket/run/run.json").unlink()
    with pytest.raises(SynthgenError, match=r"need an empty place, or one with this run, got one with files and without run\.json"):
        sent(near)


def test_a_longer_run_takes_the_place_of_its_beginning(planted: Planted, near: Path) -> None:
    sent(near)
    render(fake_job(near, n=60, scenes=20), resume=True)
    report = sent(near)
    assert (report.uploaded, report.skipped) == (2, 6)
    assert far_files(planted) == files_of(near)


def test_a_manifest_that_is_not_this_one_is_gone_before_shards_are_sent(planted: Planted, near: Path) -> None:
    sent(near)
    render(fake_job(near, n=60, scenes=20), resume=True)
    planted.faults["write"] = [DENIED]
    with pytest.raises(SynthgenError, match="access is refused"):
        sent(near)
    assert "manifest.json" not in far_files(planted)


def test_local_shards_are_deleted_only_after_all_is_there(planted: Planted, near: Path) -> None:
    whole = files_of(near)
    (near / "notes.txt").write_text("mine", encoding="utf-8")
    planted.faults["write"] = [DENIED]
    with pytest.raises(SynthgenError, match="access is refused"):
        sent(near, delete_local=True)
    assert files_of(near) == whole | {"notes.txt": b"mine"}
    with pytest.raises(SynthgenError, match=r"--delete-local: need --verify checksum, .* got size; leave one out"):
        sent(near, delete_local=True, verify="size")
    report = sent(near, delete_local=True)
    assert report.deleted == 6
    assert far_files(planted) == whole
    assert [path.name for path in near.rglob("*")] == ["notes.txt"]


def test_an_order_that_cannot_be_is_refused(near: Path) -> None:
    with pytest.raises(SynthgenError, match="elsewhere: need a URL like s3://bucket/run1, got none"):
        upload(Order(near, "elsewhere"), print)
    with pytest.raises(SynthgenError, match="nowhere: need the folder of a finished run, found none"):
        upload(Order(near / "nowhere", URL), print)


def test_the_command_tells_what_it_did_and_how_fast(planted: Planted, near: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        done = CliRunner().invoke(app, ["upload", str(near), URL])
    assert done.exit_code == 0, done.output
    assert re.search(r"6 shards at s3://bucket/run, [\d.]+ MB: 6 uploaded, 0 there already, 0 retried, [\d.]+ MB/s", done.stdout)
    assert re.search(r"shard 6 of 6: uploaded, ([\d.]+) of \1 MB, [\d.]+ MB/s", caplog.text)
    again = CliRunner().invoke(app, ["upload", str(near), URL, "--json", "--verify", "size"])
    told = json.loads(again.stdout)
    assert (told["uploaded"], told["skipped"], told["retried"], told["shards"]) == (0, 6, 0, 6)


def test_a_url_with_a_password_is_refused_without_repeating_it(near: Path) -> None:
    refused = CliRunner().invoke(app, ["upload", str(near), "s3://key:hunter2@bucket/run"])
    assert refused.exit_code == 1
    assert "error: s3://bucket/run: need a URL without user name and password" in refused.stderr
    assert "hunter2" not in refused.output
    swapped = CliRunner().invoke(app, ["upload", "s3://key:hunter2@bucket/run", URL])
    assert (swapped.exit_code, swapped.stderr.count("\n")) == (1, 1)
    assert "hunter2" not in swapped.output
