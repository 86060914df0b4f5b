"""Runs on a real Ray cluster of two nodes on this machine."""

import os
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest

from synthgen import launch
from synthgen.engine.ray import RayEngine
from synthgen.errors import SynthgenError
from synthgen.found import Flags
from synthgen.job import Job, Renderer, run
from synthgen.nodes import on_cluster
from synthgen.recipe import Recipe
from synthgen.run_report import Report
from synthgen.shards.manifest import Part
from tests.engine_tasks import pid_and_threads
from tests.fake_runs import dying_once, failing, fake_job, files_of, slow
from tests.test_engine import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::ray"), pytest.mark.filterwarnings("ignore::ResourceWarning")]
RECIPE = "[fonts]\nfaces_per_family = 1\n[ground]\nphoto_share = 0.5\n[text]\ngrammar = 0\nenglish = 0\n"
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}


class Nodes(Protocol):
    """Ray's own cluster for tests, as far as it is used here."""

    address: str
    worker_nodes: set[object]

    def add_node(self, **options: object) -> object: ...
    def remove_node(self, node: object, *, allow_graceful: bool) -> None: ...
    def wait_for_nodes(self) -> None: ...


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """Yield a Ray cluster of one node with one processor; its tests add the other."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture
def two_nodes(cluster: Nodes) -> Nodes:
    cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    return cluster


def made(cluster: Nodes, job: Job, progress: Callable[[Part], None] = lambda part: None) -> Report:
    """Render a job of noise on a cluster."""
    with on_cluster(job, RayEngine(cluster.address), Recipe(), None, stays=False) as (far, engine):
        return run(far, engine, resume=False, progress=progress)


def noise(out: Path, **other: object) -> Job:
    """Return the job of the `undisturbed` run."""
    return fake_job(out, n=60, scenes=60, cache=out.parent / "cache", **other)  # type: ignore[arg-type]


def test_two_nodes_make_the_same_files_as_this_machine_alone(two_nodes: Nodes, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    report = made(two_nodes, noise(tmp_path / "out"))
    assert files_of(tmp_path / "out") == undisturbed
    assert (report.words, report.scenes, report.retried) == (60, 60, 0)


def pid_slowly(shard: int) -> tuple[int, int]:
    time.sleep(0.3)
    return pid_and_threads(shard)


def test_both_nodes_work_and_keep_their_processes_with_one_opencv_thread(two_nodes: Nodes) -> None:
    seen = list(RayEngine(two_nodes.address).map(pid_slowly, range(20)))
    assert 2 <= len({pid for pid, _ in seen}) <= 4
    assert {threads for _, threads in seen} == {1}


def test_a_node_that_joins_in_mid_run_is_used(cluster: Nodes) -> None:
    results = RayEngine(cluster.address).map(pid_slowly, range(60))
    seen = [next(results)]
    cluster.add_node(**NODE)
    seen.extend(results)
    assert len(seen) == 60
    assert len({pid for pid, _ in seen}) >= 2


def noting_slow(notes: Path, job: Job) -> Renderer:
    """Return a renderer that takes its time; the process that opens it leaves a note."""
    (notes / f"{os.getpid()}").touch()
    return slow(0.1)(job)


def test_a_node_killed_in_mid_run_loses_nothing(two_nodes: Nodes, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (notes := tmp_path / "notes").mkdir()

    def kill_one_of_two(part: Part) -> None:
        until = time.monotonic() + 60
        while len(list(notes.iterdir())) < 2 and time.monotonic() < until:  # a busy machine takes seconds to start a process
            time.sleep(0.02)
        if two_nodes.worker_nodes:
            two_nodes.remove_node(next(iter(two_nodes.worker_nodes)), allow_graceful=False)

    report = made(two_nodes, noise(tmp_path / "out", factory=partial(noting_slow, notes)), kill_one_of_two)
    assert files_of(tmp_path / "out") == undisturbed
    assert (report.words, report.scenes) == (60, 60)
    assert report.retried >= 1


def test_a_worker_that_dies_is_survived(two_nodes: Nodes, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (notes := tmp_path / "notes").mkdir()
    report = made(two_nodes, noise(tmp_path / "out", factory=dying_once(notes, 20)))
    assert files_of(tmp_path / "out") == undisturbed
    assert report.retried >= 1


def test_another_package_version_on_a_node_is_named(cluster: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "site" / "uharfbuzz-0.0.1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: uharfbuzz\nVersion: 0.0.1\n", encoding="utf-8")
    with monkeypatch.context() as there:
        there.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path / "site"), os.environ["PYTHONPATH"])))
        cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    with pytest.raises(SynthgenError, match=r"node .+: packages: need .*: uharfbuzz [\d.]+, got 0\.0\.1; install the same there"):
        made(cluster, noise(tmp_path / "out", factory=slow(0.02)))
    assert "manifest.json" not in files_of(tmp_path / "out")


def test_the_fault_of_a_task_arrives_as_itself_and_ends_the_run(two_nodes: Nodes, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot paint 20") as caught:
        made(two_nodes, noise(tmp_path / "out", factory=failing(20)))
    assert re.search("in shard (words|scenes)-0000[2-5]", "".join(caught.value.__notes__))
    assert not [name for name in files_of(tmp_path / "out") if "/." in name or name.startswith(".")]


def dawdle(notes: Path, shard: int) -> int:
    (notes / f"begun-{shard}").write_text(f"{os.getpid()}", encoding="utf-8")
    try:
        time.sleep(600 if shard else 0)
    finally:
        (notes / f"ended-{shard}").touch()
    return shard


def is_over(notes: Path, shard: int) -> bool:
    """Return whether a task has tidied up, or its process is gone: one that does not end in time, on a busy machine, is killed."""
    return (notes / f"ended-{shard}").exists() or not Path("/proc", (notes / f"begun-{shard}").read_text(encoding="utf-8")).exists()


def test_closing_ends_what_runs(two_nodes: Nodes, tmp_path: Path) -> None:
    results = RayEngine(two_nodes.address).map(partial(dawdle, tmp_path), range(9))
    assert next(results) == 0
    began = time.monotonic()
    results.close()
    assert time.monotonic() - began < 60
    time.sleep(1)
    assert all(is_over(tmp_path, int(path.name.removeprefix("begun-"))) for path in tmp_path.glob("begun-*"))


def test_an_address_without_a_cluster_is_an_error() -> None:
    with pytest.raises(SynthgenError, match=r"--address 127\.0\.0\.1:1: need a Ray cluster, got none"):
        RayEngine("127.0.0.1:1")


def order(home: Path, out: Path, engine: str, address: str | None = None) -> launch.Order:
    """Return an order of a few words with texts and photos of the user's own."""
    home.mkdir(exist_ok=True)
    (home / "texts.txt").write_text("tahini paste\nred lentils\ncold pressed\n", encoding="utf-8")
    (home / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    (home / "photos").mkdir(exist_ok=True)
    photo = np.arange(300 * 400 * 3, dtype=np.uint32).reshape(300, 400, 3) * 2654435761 >> np.uint32(24)
    cv2.imwrite(str(home / "photos" / "noise.png"), photo.astype(np.uint8))
    flags = Flags(home / "recipe.toml", (f"{home}/texts.txt=3",), None, home / "photos")
    return launch.Order(flags, out, 60, 0, 3, "parquet", 20, 1, False, home.parent / "cache", None, engine, address)


def test_real_words_with_own_texts_and_photos_are_the_same_from_a_cluster(two_nodes: Nodes, tmp_path: Path) -> None:
    launch.render(order(tmp_path / "home", tmp_path / "local", "local"))
    report = launch.render(order(tmp_path / "home", tmp_path / "ray", "ray", two_nodes.address))
    assert report.words == 60
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "local")
