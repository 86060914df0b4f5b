"""Runs in parts and on clusters whose OUT is a real object store."""

from pathlib import Path

import pytest

from synthgen.engine import Engine
from synthgen.engine.ray import RayEngine
from synthgen.engine.spark import SparkEngine
from synthgen.errors import SynthgenError
from synthgen.job import Job, run
from synthgen.merge import merge
from synthgen.nodes import on_cluster
from synthgen.recipe import Recipe
from tests.fake_runs import INLINE, fake_job, files_of, render
from tests.object_store import Server, far_files
from tests.test_ray import Nodes, cluster, two_nodes  # noqa: F401  # fixtures
from tests.test_spark import ADDRESS, paths  # noqa: F401

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("keys"),
    pytest.mark.filterwarnings("ignore:::ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a run on this machine's disk."""
    out = tmp_path_factory.mktemp("once")
    render(small(out))
    return files_of(out)


def small(out: Path | str, **other: object) -> Job:
    return fake_job(out, n=30, scenes=20, **other)  # type: ignore[arg-type]


def part(out: Path | str, only: range) -> None:
    run(small(out), INLINE, resume=False, progress=lambda part: None, only=only)


def test_parts_in_one_place_of_a_store_are_the_run_that_one_machine_makes(server: Server, once: dict[str, bytes]) -> None:
    url = server.url("parts")
    part(url, range(2, 5))
    with pytest.raises(SynthgenError, match=r"2 missing or damaged; make them: .* --shards 0-1$"):
        merge([url], None)
    part(url, range(2))
    merge([url], None)
    assert far_files(url) == once


def test_parts_of_a_disk_and_a_store_are_joined_in_either(server: Server, once: dict[str, bytes], tmp_path: Path) -> None:
    url = server.url("half")
    part(url, range(3))
    part(tmp_path / "half", range(3, 5))
    for out in (str(tmp_path / "whole"), server.url("whole")):
        report = merge([url, str(tmp_path / "half")], out)
        assert report.linked + report.copied == 5
    assert files_of(tmp_path / "whole") == once
    assert far_files(server.url("whole")) == once


def made(engine: Engine, url: str, tmp_path: Path, bundle: str | None) -> None:
    with on_cluster(small(url, cache=tmp_path / "cache"), engine, Recipe(), bundle, stays=False) as (far, shipping):
        run(far, shipping, resume=False, progress=lambda part: None)


def test_ray_writes_into_a_store(server: Server, two_nodes: Nodes, once: dict[str, bytes], tmp_path: Path) -> None:  # noqa: F811
    made(RayEngine(two_nodes.address), server.url("ray"), tmp_path, None)
    assert far_files(server.url("ray")) == once


@pytest.fixture
def fresh_java() -> None:
    """End the Java of earlier tests in this process: Spark's workers have its environment, keys or none."""
    from pyspark import SparkContext

    if SparkContext._gateway:
        SparkContext._gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None


def test_spark_writes_into_a_store_with_the_bundle_in_another_place(
    server: Server, once: dict[str, bytes], tmp_path: Path, fresh_java: None
) -> None:
    made(SparkEngine(ADDRESS), server.url("spark"), tmp_path, server.url("bundles"))
    assert far_files(server.url("spark")) == once
    (name,) = far_files(server.url("bundles"))
    assert name.startswith("assets-") and name.endswith(".tar")
