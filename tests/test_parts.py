"""Runs in parts: any machines make any shards, at the same time too, and joined they are the run that one machine makes."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from synthgen.job import Job, run
from synthgen.merge import merge
from synthgen.shards.store import open_store
from tests.fake_runs import INLINE, FakeRenderer, TinyRecipe, dying_once, fake_job, files_of, render


def part(out: Path, only: Sequence[int], **other: object) -> Job:
    """Render some shards of the `undisturbed` run into `out`."""
    job = fake_job(out, **{"n": 60, "scenes": 60, **other})  # type: ignore[arg-type]
    run(job, INLINE, resume=False, progress=lambda part: None, only=only)
    return job


def test_parts_rendered_into_one_folder_are_the_run_that_one_machine_makes(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    for only in ([3, 4, 5, 6], [0, 1, 2], [7, 8, 9, 10, 11]):
        part(tmp_path, only)
        assert "manifest.json" not in files_of(tmp_path)
    report = merge([str(tmp_path)], None)
    assert files_of(tmp_path) == undisturbed
    assert (report.words, report.scenes, report.shards, report.linked, report.copied) == (60, 60, 12, 0, 0)


def test_a_part_reports_its_own_shards_alone(tmp_path: Path) -> None:
    part(tmp_path, range(6))
    report = run(fake_job(tmp_path, n=60, scenes=60), INLINE, resume=False, progress=lambda part: None, only=[5, 6, 7])
    assert (report.words, report.scenes, report.made, report.scenes_made) == (10, 20, 0, 20)


def test_parts_of_separate_machines_are_joined(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    part(tmp_path / "a", range(5))
    part(tmp_path / "b", range(4, 12))  # shard 4 is in both
    before = {name: files_of(tmp_path / name) for name in "ab"}
    report = merge([str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "whole"))
    assert files_of(tmp_path / "whole") == undisturbed
    assert {name: files_of(tmp_path / name) for name in "ab"} == before
    assert (report.linked, report.copied) == (12, 0)
    shutil.rmtree(tmp_path / "a")
    assert files_of(tmp_path / "whole") == undisturbed


def test_where_links_cannot_be_shards_are_copied(tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    part(tmp_path / "a", range(12))

    def refuse(*_: object) -> None:
        raise OSError("another disk")

    monkeypatch.setattr(os, "link", refuse)
    report = merge([str(tmp_path / "a")], str(tmp_path / "whole"))
    assert (report.linked, report.copied) == (0, 12)
    assert files_of(tmp_path / "whole") == undisturbed


def test_a_merge_that_was_stopped_goes_on(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    part(tmp_path / "a", range(12))
    out = tmp_path / "whole"
    merge([str(tmp_path / "a")], str(out))
    (out / "manifest.json").unlink()
    (out / "parts" / "scenes-00004.json").unlink()
    (out / "words" / "words-00003.parquet").unlink()
    report = merge([str(tmp_path / "a")], str(out))
    assert (report.linked, files_of(out) == undisturbed) == (2, True)


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_what_one_part_lacks_is_taken_from_another(
    tmp_path: Path, undisturbed: dict[str, bytes], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "ab":
        part(tmp_path / name, range(12))
    shard = tmp_path / "a" / "words" / "words-00002.parquet"
    shard.unlink() if damage == "missing" else os.truncate(shard, 50)
    merge([str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "whole"))
    assert files_of(tmp_path / "whole") == undisturbed
    assert f"{tmp_path / 'a'}: words-00002 is damaged there" in caplog.messages


def test_missing_shards_are_named_as_the_option_that_makes_them(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    part(tmp_path, [0, 1, 5, 7])
    os.truncate(tmp_path / "words" / "words-00001.parquet", 50)
    before = files_of(tmp_path)
    with pytest.raises(SynthgenError, match=r"need all 12 shards, 9 missing or damaged; make them: .* --shards 1-4,6,8-11$"):
        merge([str(tmp_path)], None)
    assert files_of(tmp_path) == before
    part(tmp_path, [1, 2, 3, 4, 6, 8, 9, 10, 11])
    merge([str(tmp_path)], None)
    assert files_of(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 6}, "seed is 5 there, 6 here"),
        ({"n": 70}, "n is 60 there, 70 here"),
        ({"recipe": TinyRecipe(curved_share=0.5)}, r"recipe\.curved_share is 0\.1 there, 0\.5 here"),
        ({"assets": {"fonts": "abd"}}, r'assets\.fonts is "abc" there, "abd" here'),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_parts_of_different_runs_are_refused_and_each_difference_named(tmp_path: Path, other: dict[str, object], named: str) -> None:
    part(tmp_path / "a", range(6))
    part(tmp_path / "b", range(6, 12), **other)
    with pytest.raises(SynthgenError, match=rf"b/run\.json: need the run of .*a, but {named}; merge parts of one run only"):
        merge([str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "whole"))
    assert not (tmp_path / "whole").exists()
    with pytest.raises(SynthgenError, match=rf"a/run\.json: --shards needs the same run, n and scenes too: {named}; give the same"):
        part(tmp_path / "a", range(6, 12), **other)


def test_unlike_shards_are_refused(tmp_path: Path) -> None:
    part(tmp_path / "a", range(12))
    part(tmp_path / "b", [2])
    shard, record = tmp_path / "b" / "words" / "words-00002.parquet", tmp_path / "b" / "parts" / "words-00002.json"
    shard.write_bytes((tmp_path / "a" / "words" / "words-00001.parquet").read_bytes())
    told = json.loads((tmp_path / "a" / "parts" / "words-00001.json").read_text(encoding="utf-8"))
    record.write_text(json.dumps({**told, "shard": 2, "file": "words/words-00002.parquet"}), encoding="utf-8")
    with pytest.raises(
        SynthgenError, match=r"b/words/words-00002\.parquet: need the bytes it has in .*a, as shards depend .* --shards 2, and"
    ):
        merge([str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "whole"))


def test_out_with_other_things_is_not_touched(tmp_path: Path) -> None:
    part(tmp_path / "a", range(12))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(SynthgenError, match=r"need an empty folder or parts of this run, got files without run\.json"):
        merge([str(tmp_path / "a")], str(tmp_path / "b"))
    assert files_of(tmp_path / "b") == {"holiday.jpg": b"mine"}


def test_several_parts_need_an_out(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="--out: need a folder or URL to join 2 parts in, got none"):
        merge([str(tmp_path), str(tmp_path)], None)


def test_a_folder_that_is_no_run_cannot_be_merged(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need part of a run, found no run\.json there; name what `render --shards` has made"):
        merge([str(tmp_path)], str(tmp_path / "whole"))
    assert not (tmp_path / "whole").exists()


def test_a_damaged_record_of_the_run_is_an_error_that_names_it(tmp_path: Path) -> None:
    part(tmp_path, [0])
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"run\.json: need all that a run has, got KeyError\('seed'\)"):
        merge([str(tmp_path)], None)


def test_parts_share_a_folder_at_the_same_time_and_a_whole_run_or_a_merge_does_not(tmp_path: Path) -> None:
    part(tmp_path, [0])
    with open_store(tmp_path).hold(shared=True):
        part(tmp_path, range(1, 12))
        with pytest.raises(SynthgenError, match="one run at a time, and another is writing there"):
            render(fake_job(tmp_path, n=60, scenes=60), resume=True)
        with pytest.raises(SynthgenError, match="one run at a time, and another is writing there"):
            merge([str(tmp_path)], None)


def test_a_part_takes_away_its_own_scratch_files_that_nobody_writes_to_and_merge_takes_the_rest(tmp_path: Path) -> None:
    part(tmp_path, [0])
    own, others, written = (tmp_path / "words" / f".words-0000{k}.parquet.0123abc{k}" for k in (1, 2, 3))
    for scratch in (own, others, written):
        scratch.touch()
    for scratch in (own, others):
        os.utime(scratch, times=(0, 0))
    part(tmp_path, [1, 3])
    assert [scratch.exists() for scratch in (own, others, written)] == [False, True, True]
    part(tmp_path, range(12))
    assert [scratch.exists() for scratch in (own, others, written)] == [False, False, True]
    merge([str(tmp_path)], None)
    assert not written.exists()


def test_the_same_part_begun_twice_at_the_same_time_does_no_harm(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    def twice(job: Job) -> FakeRenderer:
        def in_the_middle(first: int) -> None:
            if first == 7:
                part(tmp_path, range(12))

        return FakeRenderer(job, before=in_the_middle)

    part(tmp_path, range(12), factory=twice)
    merge([str(tmp_path)], None)
    assert files_of(tmp_path) == undisturbed


def test_a_record_that_vouches_for_another_shard_vouches_for_nothing(tmp_path: Path) -> None:
    part(tmp_path, range(12))
    for number, other in (("words-00002", "words-00001"), ("words-00003", "scenes-00003")):
        record = (tmp_path / "parts" / f"{other}.json").read_bytes()
        (tmp_path / "parts" / f"{number}.json").write_bytes(record)
    with pytest.raises(SynthgenError, match=r"need all 12 shards, 2 missing or damaged; make them: .* --shards 2-3$"):
        merge([str(tmp_path)], None)


def test_two_parts_begun_in_the_same_instant_with_different_runs_are_found_out(tmp_path: Path) -> None:
    def steal(job: Job) -> FakeRenderer:
        record = tmp_path / "run.json"
        record.write_text(record.read_text(encoding="utf-8").replace('"seed": 5', '"seed": 6'), encoding="utf-8")
        return FakeRenderer(job)

    with pytest.raises(SynthgenError, match="--shards needs the same run, n and scenes too: seed is 6 there, 5 here"):
        part(tmp_path, [0], factory=steal)


def test_a_run_whose_worker_dies_once_ends_with_the_same_files_and_says_so(tmp_path: Path) -> None:
    (notes := tmp_path / "notes").mkdir()
    report = render(fake_job(tmp_path / "died", n=20, factory=dying_once(notes, 10)), workers=1)
    render(fake_job(tmp_path / "lived", n=20))
    assert files_of(tmp_path / "died") == files_of(tmp_path / "lived")
    assert report.retried == len(list(notes.iterdir())) == 1
