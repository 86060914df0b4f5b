"""Resuming: what is damaged or missing is made again, what differs is named, what is whole is left alone."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from synthgen.job import run
from synthgen.shards.manifest import Part
from synthgen.shards.store import Folder
from tests.fake_runs import INLINE, TinyRecipe, failing, fake_job, files_of, job_of, render


def cut_off(shard: Path, record: Path) -> None:
    os.truncate(shard, 100)


def flip_a_bit(shard: Path, record: Path) -> None:
    data = bytearray(shard.read_bytes())
    data[1000] ^= 4
    shard.write_bytes(data)


def lose_shard(shard: Path, record: Path) -> None:
    shard.unlink()


def lose_record(shard: Path, record: Path) -> None:
    record.unlink()


def spoil_record(shard: Path, record: Path) -> None:
    record.write_text('{"rows": 10', encoding="utf-8")


def empty_record(shard: Path, record: Path) -> None:
    record.write_text("{}", encoding="utf-8")


def leave_scratch(shard: Path, record: Path) -> None:
    shard.rename(shard.with_name(f".{shard.name}.0123abcd"))


def third_of(table: str, out: Path) -> tuple[Path, Path]:
    """Return the files of a table's third shard: itself and its record."""
    return out / table / f"{table}-00002.parquet", out / "parts" / f"{table}-00002.json"


@pytest.mark.parametrize("damage", [cut_off, flip_a_bit, lose_shard, lose_record, spoil_record, empty_record, leave_scratch])
def test_a_damaged_shard_alone_is_made_again(
    tmp_path: Path, undisturbed: dict[str, bytes], table: str, damage: Callable[[Path, Path], None]
) -> None:
    render(fake_job(tmp_path, n=60, scenes=60))
    damage(*third_of(table, tmp_path))
    made: list[Part] = []
    run(fake_job(tmp_path, n=60, scenes=60), INLINE, resume=True, progress=made.append)
    assert [(part.table, part.shard) for part in made] == [(table, 2)]
    assert files_of(tmp_path) == undisturbed


def test_while_a_damaged_shard_is_made_again_the_folder_does_not_read_as_whole(tmp_path: Path, table: str) -> None:
    render(job_of(table, tmp_path))
    flip_a_bit(*third_of(table, tmp_path))
    with pytest.raises(RuntimeError, match="cannot paint 0"):
        render(job_of(table, tmp_path, factory=failing(0)), resume=True)
    assert not {"manifest.json", f"parts/{table}-00002.json"} & files_of(tmp_path).keys()


def test_a_finished_run_is_left_alone(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    render(fake_job(tmp_path, n=60, scenes=60))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    report = render(fake_job(tmp_path, n=60, scenes=60, factory=failing(0)), resume=True)
    assert (report.words, report.scenes, report.made, report.scenes_made) == (60, 60, 0, 0)
    assert (report.refused, report.redrawn) == (120, 12)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == times


@pytest.mark.parametrize(
    ("few", "many"),
    [((40, 0), (100, 0)), ((45, 8), (100, 8)), ((3, 0), (8, 15)), ((0, 15), (15, 15)), ((12, 5), (12, 25)), ((0, 1), (12, 11))],
    ids=str,
)
def test_a_longer_run_is_as_if_made_at_once(tmp_path: Path, few: tuple[int, int], many: tuple[int, int]) -> None:
    render(fake_job(tmp_path / "grown", *few))
    render(fake_job(tmp_path / "grown", *many), resume=True)
    render(fake_job(tmp_path / "once", *many))
    assert files_of(tmp_path / "grown") == files_of(tmp_path / "once")


def test_the_manifest_is_gone_before_the_run_record_says_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render(fake_job(tmp_path, n=25))

    def power_cut(store: Folder, name: str, data: bytes) -> None:
        raise OSError(f"power cut at {name}")

    monkeypatch.setattr(Folder, "write", power_cut)
    with pytest.raises(OSError, match=r"power cut at run\.json"):
        render(fake_job(tmp_path, n=60), resume=True)
    assert "manifest.json" not in files_of(tmp_path)


@pytest.mark.parametrize("less", [{"n": 25}, {"scenes": 25}], ids=("words", "scenes"))
def test_a_longer_run_that_fails_does_not_read_as_whole_and_resumes(
    tmp_path: Path, undisturbed: dict[str, bytes], less: dict[str, int]
) -> None:
    whole = {"n": 60, "scenes": 60}
    render(fake_job(tmp_path, **(whole | less)))
    with pytest.raises(RuntimeError, match="cannot paint"):
        render(fake_job(tmp_path, **whole, factory=failing(20)), resume=True)
    assert "manifest.json" not in files_of(tmp_path)
    render(fake_job(tmp_path, **whole), resume=True)
    assert files_of(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 6}, "seed is 5 there, 6 here;"),
        ({"n": 39}, "n is 40 there, 39 here;"),
        ({"n": 41, "scenes": 4}, "scenes is 5 there, 4 here; give the same"),
        ({"scenes_shard_size": 20}, r"shard_sizes\.scenes is 10 there, 20 here;"),
        ({"recipe": TinyRecipe(curved_share=0.5)}, r"recipe\.curved_share is 0\.1 there, 0\.5 here;"),
        ({"recipe": TinyRecipe(tilt_deg=(-12, 9))}, r"recipe\.tilt_deg\[1\] is 12\.0 there, 9\.0 here;"),
        ({"assets": {"fonts": "abd"}}, r'assets\.fonts is "abc" there, "abd" here;'),
        ({"assets": {}}, r'assets\.fonts is "abc" there, missing here;'),
        ({"format": "tfrecord"}, r'format is "parquet" there, "tfrecord" here;'),
        ({"shard_size": 20, "seed": 7}, r"seed is 5 there, 7 here; shard_sizes\.words is 10 there, 20 here;"),
        ({"alphabet": "ab"}, r'alphabet is " .*\.\.\. there, "ab" here;'),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_resuming_another_run_names_each_difference(tmp_path: Path, other: dict[str, object], named: str) -> None:
    render(fake_job(tmp_path, scenes=5))
    before = files_of(tmp_path)
    with pytest.raises(SynthgenError, match=rf"run\.json: --resume needs the same run, of which only n and scenes may grow: {named}"):
        render(fake_job(tmp_path, **{"n": 40, "scenes": 5, **other}), resume=True)  # type: ignore[arg-type]
    assert files_of(tmp_path) == before


def test_resuming_with_another_package_version_names_it(tmp_path: Path) -> None:
    render(fake_job(tmp_path))
    about = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    about["versions"]["numpy"] = "1.0"
    (tmp_path / "run.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(SynthgenError, match=r'versions\.numpy is "1\.0" there, "[\d.]+" here; give the same, or another OUT'):
        render(fake_job(tmp_path), resume=True)


@pytest.mark.parametrize(("name", "resume"), [("run.json", False), ("holiday.jpg", False), ("holiday.jpg", True)])
def test_a_folder_with_other_things_is_not_touched(tmp_path: Path, name: str, resume: bool) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(SynthgenError, match="another OUT"):
        render(fake_job(tmp_path), resume=resume)
    assert files_of(tmp_path) == {name: b"mine"}


def test_an_unreadable_run_record_is_an_error(tmp_path: Path) -> None:
    render(fake_job(tmp_path))
    for spoilt, fault in (("{", "cannot be read as JSON"), ("[]", "need a JSON object, got list")):
        (tmp_path / "run.json").write_text(spoilt, encoding="utf-8")
        with pytest.raises(SynthgenError, match=rf"run\.json: {fault}.*another OUT"):
            render(fake_job(tmp_path), resume=True)


def test_resume_starts_in_an_empty_or_missing_folder(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (tmp_path / ".run.json.00112233").touch()  # of a run killed in its first millisecond
    render(fake_job(tmp_path, n=60, scenes=60), resume=True)
    render(fake_job(tmp_path / "a/b", n=60, scenes=60), resume=True)
    assert files_of(tmp_path / "a/b") == undisturbed
