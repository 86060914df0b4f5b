"""Runs that paint scenes: the same bytes whatever the workers, shards, stops and beginnings."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from synthgen.assets.studio import Opened
from synthgen.engine.local import LocalEngine
from synthgen.job import Job, Report, run
from synthgen.renderer import needs_scenes, open_renderer, stream
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.read import read
from tests.fake_runs import INLINE, files_of
from tests.studio_fixture import looking

SMALL = {"scene": {"height_px": 160, "width_px": 224}}


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "assets"


def job_of(opened: Opened, cache: Path, out: Path, n: int, scenes: int, **other: object) -> Job:
    """Return a job of small scenes with the session's assets, two to a shard."""
    usual: dict[str, object] = {"recipe": looking(opened.studio, {"fonts": {"faces_per_family": 1}}, SMALL).recipe, "seed": 7}
    sizes = {"shard_size": 40, "scenes_shard_size": 2}
    return Job(n=n, scenes=scenes, out=out, factory=open_renderer, assets=opened.digests, cache=cache, **(usual | sizes | other))  # type: ignore[arg-type]


def done(job: Job, *, workers: int = 0, resume: bool = False) -> Report:
    return run(job, LocalEngine(workers) if workers else INLINE, resume=resume, progress=lambda part: None)


def shards_of(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(out).items() if name.startswith(("words/", "scenes/"))}


def test_scenes_are_the_same_from_one_worker_and_from_two_and_after_a_stop(opened: Opened, cache: Path, tmp_path: Path) -> None:
    report = done(job_of(opened, cache, tmp_path / "one", 50, 5))
    done(job_of(opened, cache, tmp_path / "two", 50, 5), workers=2)
    done(job_of(opened, cache, tmp_path / "grown", 30, 0))
    done(job_of(opened, cache, tmp_path / "grown", 40, 3), resume=True)
    done(job_of(opened, cache, tmp_path / "grown", 50, 5), resume=True)
    (tmp_path / "two" / "scenes" / "scenes-00001.parquet").write_bytes(b"cut off")
    again = done(job_of(opened, cache, tmp_path / "two", 50, 5), resume=True)
    assert (again.scenes_made, again.made, again.scenes) == (2, 0, 5)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two") == files_of(tmp_path / "grown")
    assert (report.words, report.scenes) == (50, 5) and len(shards_of(tmp_path / "one")) == 2 + 3


def test_shards_hold_what_the_painter_paints(opened: Opened, cache: Path, tmp_path: Path) -> None:
    for form in ("parquet", "tfrecord"):
        job = job_of(opened, cache, tmp_path / form, 0, 5, format=form)
        report = done(job)
        rows = [row for batch in read(tmp_path / form, "scenes") for row in batch.to_pylist()]
        renderer = open_renderer(job)
        painter = renderer._painter  # type: ignore[attr-defined]
        assert isinstance(painter, ScenePainter) and [row["index"] for row in rows] == list(range(5))
        scenes = [painter.scene(index) for index in range(5)]
        for row, scene in zip(rows, scenes, strict=True):
            assert [word["text"] for word in row["words"]] == list(scene.truth.word_text)
            assert np.array_equal(np.array([char["quad"] for char in row["chars"]], np.float32).reshape(-1, 4, 2), scene.truth.char_quads)
            assert "".join(char["char"] for char in row["chars"]) == opened.studio.alphabet.decode(scene.truth.char_codes)
            assert np.array_equal(cv2.imdecode(np.frombuffer(row["region"], np.uint8), cv2.IMREAD_UNCHANGED), scene.region)
            seen = cv2.imdecode(np.frombuffer(row["image"]["bytes"], np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
            assert np.abs(seen.astype(int) - scene.picture).mean() < 12  # as JPEG
            assert {word["font"] for word in row["words"]} <= {face.name for face in opened.faces} and row[
                "background"
            ] in renderer.names.backgrounds
        counted = {name: sum(scene.counts[name] for scene in scenes) for name in scenes[0].counts}
        assert {name: report.counts[name] for name in counted} == counted


def test_words_out_of_scenes_are_streamed_as_they_are_stored(opened: Opened, cache: Path, tmp_path: Path) -> None:
    recipe = looking(opened.studio, {"fonts": {"faces_per_family": 1}}, SMALL, {"crop": {"from_scenes_share": 0.6}}).recipe
    assert needs_scenes(recipe, 0)
    report = done(job_of(opened, cache, tmp_path, 60, 0, recipe=recipe))
    rows = [row for batch in read(tmp_path) for row in batch.to_pylist()]
    blocks = list(stream(recipe, range(60), seed=7, block=25, cache=cache))
    assert [row["text"] for row in rows] == [block.text(k) for block in blocks for k in range(len(block.index))]
    streamed = [
        cv2.imencode(".jpg", block.picture(k)[:, :, ::-1], (cv2.IMWRITE_JPEG_QUALITY, int(block.quality[k])))[1].tobytes()
        for block in blocks
        for k in range(len(block.index))
    ]
    assert [row["image"]["bytes"] for row in rows] == streamed
    cuts = sum(row["source"] == "scene" for row in rows)
    assert 10 < cuts < 60 and report.counts["from_scenes"] == cuts
