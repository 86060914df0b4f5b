"""A run checked from end to end: a sound one has no faults, and each fault of its files and records is found."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from synthgen import SynthgenError
from synthgen.shards import storage
from synthgen.shards.findings import KEPT, Findings
from synthgen.shards.shard_check import Depth
from synthgen.verify import Order, verify
from tests.planted import FORMS, checked, command, edited, faults_of, leaves, of, put
from tests.sound_runs import Row, repair, replant


@pytest.fixture
def out(sound: dict[str, Path], tmp_path: Path) -> Path:
    """Return a run to plant faults in."""
    return Path(shutil.copytree(sound["parquet"], tmp_path / "out"))


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_run_has_no_faults_and_all_of_it_is_looked_at(sound: dict[str, Path], form: str) -> None:
    report = checked(sound[form])
    assert report.told == () and report.faults == 0 and report.rules == {}
    assert (report.rows, report.shards, report.checked, report.decoded) == ({"words": 40, "scenes": 20}, 6, 60, 60)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("file", ["words/words-00002", "scenes/scenes-00001"])
def test_a_flipped_byte_is_found(sound: dict[str, Path], tmp_path: Path, form: str, file: str) -> None:
    shutil.copytree(sound[form], tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"{file}.{form}"
    for place in (len(path.read_bytes()) // 5, len(path.read_bytes()) // 2, -20):
        data = bytearray(path.read_bytes())
        data[place] ^= 16
        path.write_bytes(data)
        told = faults_of(tmp_path)
        assert re.match(rf"{file}.{form}: sha256: need [0-9a-f]{{64}}, got [0-9a-f]{{64}}", told[0])
        assert all(line.startswith(f"{file}.{form}: ") for line in told)


@pytest.mark.parametrize("form", FORMS)
def test_a_truncated_file_is_found(sound: dict[str, Path], tmp_path: Path, form: str) -> None:
    shutil.copytree(sound[form], tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"words/words-00002.{form}"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-7])
    told = faults_of(tmp_path)
    assert told[0] == f"words/words-00002.{form}: bytes: need {size}, got {size - 7}"
    assert any("cut off" in line or "cannot be read" in line for line in told[1:])


def test_a_missing_shard_is_found(out: Path) -> None:
    (out / "words/words-00001.parquet").unlink()
    assert re.fullmatch(r"words/words-00001.parquet: bytes: need \d+, got no file", faults_of(out)[0])


@pytest.mark.parametrize("form", FORMS)
def test_a_duplicated_shard_is_found_by_its_bytes_and_by_the_index_of_each_row(sound: dict[str, Path], tmp_path: Path, form: str) -> None:
    shutil.copytree(sound[form], tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / f"words/words-00000.{form}", tmp_path / f"words/words-00002.{form}")
    repair(tmp_path)
    report = checked(tmp_path)
    assert report.rules == {"copy": 1, "index": 10}
    assert (
        str(report.told[0]) == f"words/words-00002.{form}: copy: need shards that differ, got the bytes of words/words-00000.{form} again"
    )
    assert str(report.told[4]) == f"words/words-00002.{form}: row 3 (index 3): index: need 23, got 3"


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        (
            "manifest.json",
            lambda m: m["words"]["shards"].pop(1),
            "words shards: need words-00001 once, with samples 10 to 19, got it 0 times",
        ),
        ("manifest.json", lambda m: m["words"]["shards"].append(m["words"]["shards"][0]), "need words-00000 once, .* got it 2 times"),
        ("manifest.json", lambda m: m["words"]["shards"][1].update(shard=9), "words shards: need shards 0 to 3, got words/words-00001"),
        ("manifest.json", lambda m: m["words"]["shards"][1].update(rows=9), "words rows of words/words-00001.parquet: need 10, got 9"),
        ("manifest.json", lambda m: m["words"]["shards"][1].update(file="words/x"), "file: need words/words-00001, got words/x"),
        ("manifest.json", lambda m: m["scenes"].update(rows=19), "manifest.json: scenes rows: need 20, got 19"),
        ("manifest.json", lambda m: m["scenes"]["counts"].update(refused=9), "scenes counts: need {'refused': 2}, got {'refused': 9}"),
        ("manifest.json", lambda m: m.update(digest="0"), "manifest.json: digest: need [0-9a-f]{64}, got 0"),
        ("run.json", lambda r: r.update(seed=6), "manifest.json: run.seed: need 6 as in run.json, got 5"),
        ("parts/words-00001.json", lambda p: p.update(rows=9), "parts/words-00001.json: rows: need 10 as in manifest.json, got 9"),
        ("parts/words-00001.json", lambda p: p.pop("rows"), "parts/words-00001.json: file: need the record of a shard, got .*rows"),
    ],
)
def test_records_that_disagree_are_found(out: Path, file: str, change: Callable[[dict[str, Any]], object], told: str) -> None:
    edited(out / file, change)
    assert any(re.search(told, line) for line in faults_of(out)), faults_of(out)


STRANGE: tuple[object, ...] = (None, -1, "x", [], {}, 1e99, 10**30, True, "../../x", [1, "a"], {"a": 1}, 0)


@pytest.mark.parametrize("file", ["manifest.json", "run.json", "parts/words-00001.json"])
def test_whatever_stands_in_a_record_is_told_in_a_line_each(out: Path, file: str) -> None:
    whole = json.loads((out / file).read_text(encoding="utf-8"))
    for number, path in enumerate(way for way in leaves(whole) if "recipe" not in way[:-1] and "versions" not in way[:-1]):
        changed = json.dumps(put(whole, path, STRANGE[number % len(STRANGE)]))
        (out / file).write_text(changed, encoding="utf-8")
        code, told = command(out, "--no-decode", "--sample", "0")
        assert code == (changed != json.dumps(whole)) and "\n\n" not in told, (path, changed, told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m["run"].update(seed="5"), r"manifest.json: run: need all that a run has, got TypeError\('seed of another type'\)"),
        (lambda m: m["run"].update(n=10**15), "got TypeError.'1000000000000000 words in shards of 10'"),
        (lambda m: m["run"]["shard_sizes"].update(words=0), "--shard-size: need at least 1, got 0"),
        (lambda m: m["words"]["shards"][1].update(file="../x.parquet"), "words shards: need their records, got others, or ones with"),
        (lambda m: m["words"]["shards"][1].update(file="/x.parquet"), "words shards: need their records"),
        (lambda m: m["words"]["shards"][1].update(bytes="many"), "words shards: need their records"),
        (lambda m: m["words"]["shards"][1]["counts"].update(refused="many"), "words shards: need their records"),
    ],
)
def test_a_record_that_no_run_writes_is_told(out: Path, change: Callable[[dict[str, Any]], object], told: str) -> None:
    edited(out / "manifest.json", change)
    code, lines = command(out)
    assert code == 1 and re.search(told, lines), lines


def test_a_shard_that_may_not_be_read_is_told_and_the_others_are_checked(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> str:
        if path.name == "words-00001.parquet":
            raise PermissionError(13, "Permission denied")
        return honest(path)

    honest = storage.sha256_of
    monkeypatch.setattr("synthgen.shards.shard_check.sha256_of", refuse)
    report = checked(out)
    (fault,) = report.told
    assert str(fault) == "words/words-00001.parquet: file: need a shard that can be read, got [Errno 13] Permission denied"
    assert report.checked == 50


def test_files_too_many_and_records_that_are_not_there_are_found(out: Path) -> None:
    shutil.copy(out / "words/words-00000.parquet", out / "words/words-00007.parquet")
    (out / "parts/words-00001.json").unlink()
    (out / "run.json").unlink()
    told = "\n".join(faults_of(out))
    assert "words/words-00007.parquet: file: need only files of the run, got one that the manifest does not name" in told
    assert "parts/words-00001.json: file: need the record of a shard, got no file" in told
    assert "run.json: file: need the record of the run, got" in told


def test_a_shard_of_another_run_and_one_of_other_columns_are_found(out: Path) -> None:
    path = out / "words/words-00001.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"synthgen.run": b"0", b"synthgen.alphabet": b"Ab"}), path)
    other = out / "words/words-00002.parquet"
    pq.write_table(pq.read_table(other).set_column(2, "width", pq.read_table(other)["width"].cast("int64")), other)
    third = out / "words/words-00003.parquet"
    pq.write_table(pq.read_table(third).drop_columns(["split"]), third)
    repair(out)
    told = "\n".join(faults_of(out))
    assert re.search(r"words-00001.parquet: metadata synthgen.run: need b'[0-9a-f]+\.\.\., got b'0'", told)
    assert "words-00001.parquet: metadata synthgen.alphabet: need" in told
    assert "words-00002.parquet: columns: need width: int32, got width: int64" in told
    assert re.search("words-00003.parquet: file: need a shard that can be read, got .*without 'split'", told)


@pytest.mark.parametrize("rows", [[*range(9)], [*range(10), 9]], ids=["fewer", "more"])
def test_a_shard_with_other_rows_than_its_record_says_is_found(out: Path, rows: list[int]) -> None:
    def change(there: list[Row]) -> None:
        there[:] = [there[k] for k in rows]

    replant(out, "words/words-00003.parquet", change)
    assert f"words/words-00003.parquet: rows: need 10, got {len(rows)}" in faults_of(out)


def test_of_many_faults_all_are_counted_and_few_told(out: Path) -> None:
    for shard in range(4):
        replant(out, f"words/words-0000{shard}.parquet", lambda rows: rows.sort(key=lambda row: -row["index"]))
    report = checked(out)
    assert report.rules == {"index": 40} and len(report.told) == 40
    findings = Findings("x")
    findings.place(np.arange(1000), np.arange(1000))
    findings.rows("rule", np.ones(1000, dtype=np.bool_), lambda k: ("a", str(k)))
    assert findings.counts == {"rule": 1000} and len(findings.faults) == KEPT


def test_a_sample_checks_a_share_of_the_groups_but_all_files(out: Path) -> None:
    replant(out, "words/words-00000.parquet", of(5, font=""))
    replant(out, "words/words-00001.parquet", of(5, font=""))
    (out / "words/words-00003.parquet").unlink()
    report = checked(out, sample=0.5)
    assert [fault.file for fault in report.told] == ["words/words-00000.parquet", "words/words-00003.parquet"]
    assert report.checked == 20 + 10


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, out: Path) -> None:
    with pytest.raises(SynthgenError, match=r"nowhere: need manifest.json, which a finished run has, found none; name a folder"):
        checked(tmp_path / "nowhere")
    edited(out / "manifest.json", lambda content: content["run"].pop("seed"))
    with pytest.raises(SynthgenError, match=r"manifest.json: run: need all that a run has, got KeyError\('seed'\); render again"):
        checked(out)
    edited(out / "manifest.json", lambda content: content.pop("run"))
    with pytest.raises(SynthgenError, match=r"manifest.json: need the record of a run, got one without 'run'"):
        checked(out)


def test_the_command_prints_each_fault_and_ends_with_1(out: Path) -> None:
    assert command(out)[0] == 0
    (out / "words/words-00001.parquet").unlink()
    code, told = command(out)
    assert code == 1
    assert re.search(
        r"words/words-00001.parquet: bytes: need \d+, got no file\nby rule: bytes 1\n30 words and 20 scenes in 6 shards,", told
    )
    assert command(out / "nowhere")[0] == 1


@pytest.mark.slow
def test_two_workers_find_what_one_finds(out: Path) -> None:
    replant(out, "words/words-00001.parquet", of(5, font=""))
    one, two = (verify(Order(out, Depth(), workers)) for workers in (1, 2))
    assert one.told == two.told and one.rows == two.rows and one.faults == 1
