"""Runs that paint scenes: the same bytes whatever the workers, shards, stops and beginnings."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from synthgen.arrays import Image
from synthgen.assets.scene_assets import SceneAssets
from synthgen.assets.studio import Opened
from synthgen.engine.local import LocalEngine
from synthgen.job import Job, run
from synthgen.launch import INLINE_WORDS, local_engine
from synthgen.recipe import Recipe
from synthgen.renderer import needs_scenes, open_renderer, stream
from synthgen.run_report import Report
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.read import read
from tests.engine_tasks import pid_and_threads
from tests.fake_runs import INLINE, fake_job, files_of
from tests.studio_fixture import FEW_FACES, Tables, looking

SMALL: Tables = {"scene": {"height_px": 160, "width_px": 224}}


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "assets"


def small(opened: Opened, *tables: Tables) -> Recipe:
    """Return the recipe of the session's assets, with small scenes."""
    return looking(opened.studio, FEW_FACES, SMALL, *tables).recipe


def job_of(opened: Opened, cache: Path, out: Path, n: int, scenes: int, **other: object) -> Job:
    """Return a job of small scenes with the session's assets, two to a shard."""
    usual: dict[str, object] = {"recipe": small(opened), "seed": 7}
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


@pytest.mark.parametrize(("n", "scenes", "alone"), [(INLINE_WORDS, 0, True), (INLINE_WORDS + 1, 0, False), (0, 42, False)])
def test_one_small_shard_is_made_in_this_process_and_a_larger_one_by_a_worker(tmp_path: Path, n: int, scenes: int, alone: bool) -> None:
    job = fake_job(tmp_path, n, scenes, size=n + scenes)
    found = list(local_engine(job, job.shards, 2).map(pid_and_threads, job.shards))
    assert [pid == os.getpid() for pid, _ in found] == [alone]


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_hold_what_the_painter_paints(opened: Opened, scene_assets: SceneAssets, cache: Path, tmp_path: Path, form: str) -> None:
    job = job_of(opened, cache, tmp_path, 0, 5, format=form)
    report = done(job)
    rows = [row for batch in read(tmp_path, table="scenes") for row in batch.to_pylist()]
    painter = ScenePainter(scene_assets, small(opened), job.seed)
    scenes = [painter.scene(index) for index in range(5)]
    assert [row["index"] for row in rows] == list(range(5))
    for row, scene in zip(rows, scenes, strict=True):
        truth = scene.truth
        assert [word["text"] for word in row["words"]] == list(truth.word_text)
        assert "".join(char["char"] for char in row["chars"]) == opened.studio.alphabet.decode(truth.char_codes)
        assert np.array_equal(np.array([char["quad"] for char in row["chars"]], np.float32).reshape(-1, 4, 2), truth.char_quads)
        assert np.array_equal(picture_in(row["region"]["bytes"]), scene.region) and np.array_equal(
            picture_in(row["affinity"]["bytes"]), scene.affinity
        )
        assert np.abs(picture_in(row["image"]["bytes"])[:, :, ::-1].astype(int) - scene.picture).mean() < 12  # as JPEG
        assert {word["font"] for word in row["words"]} <= {face.name for face in opened.faces}
        assert row["background"] == (scene_assets.backgrounds[scene.tile] if scene.tile >= 0 else "plain")
    counted = {name: sum(scene.counts[name] for scene in scenes) for name in scenes[0].counts}
    assert {name: report.counts[name] for name in counted} == counted


def picture_in(data: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def test_words_out_of_scenes_are_streamed_as_they_are_stored(opened: Opened, cache: Path, tmp_path: Path) -> None:
    recipe = small(opened, {"crop": {"from_scenes_share": 0.6}})
    assert needs_scenes(recipe, 0)
    report = done(job_of(opened, cache, tmp_path, 60, 0, recipe=recipe))
    rows = [row for batch in read(tmp_path) for row in batch.to_pylist()]
    blocks = [(block, k) for block in stream(recipe, range(60), seed=7, block=25, cache=cache) for k in range(len(block.index))]
    assert [row["text"] for row in rows] == [block.text(k) for block, k in blocks]
    assert [row["image"]["bytes"] for row in rows] == [jpeg(block.picture(k), int(block.quality[k])) for block, k in blocks]
    cuts = sum(row["source"] == "scene" for row in rows)
    assert 10 < cuts < 60 and report.counts["from_scenes"] == cuts


def jpeg(picture: Image, quality: int) -> bytes:
    return bytes(cv2.imencode(".jpg", picture[:, :, ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes())
