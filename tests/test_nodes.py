"""What machines of a cluster are held to: the same packages, the same assets, and a way to OUT."""

import re
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from synthgen import nodes
from synthgen.assets.studio import open_studio
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.found import find_recipe
from synthgen.job import Job, run
from synthgen.nodes import Needs, absolute, at_hand, check_versions, node_versions, on_cluster, open_on_node
from synthgen.recipe import Recipe
from synthgen.renderer import open_renderer
from synthgen.run_report import Report
from tests.fake_runs import INLINE, FakeRenderer, fake_job, files_of, make_fake
from tests.test_ray import order as small_order

T = TypeVar("T")
SAME = {"numpy": "2.4.0", "fontpkg-lato": "3.0"}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"numpy": "2.3.9", "fontpkg-lato": "3.0"}, "numpy 2.4.0, got 2.3.9; install the same there"),
        ({"numpy": "2.4.0"}, "fontpkg-lato 3.0, got none; install the same there"),
        ({**SAME, "fontpkg-anton": "1.1"}, "fontpkg-anton none, got 1.1; install the same there"),
        ({}, "numpy 2.4.0, got none; fontpkg-lato 3.0, got none; install"),
        ({**SAME, **{f"fontpkg-{k}": "1" for k in range(7)}}, "fontpkg-4 none, got 1 and 2 more; install"),
    ],
)
def test_other_packages_are_named_with_both_versions(found: dict[str, str], told: str) -> None:
    with pytest.raises(SynthgenError, match=rf"packages: need those of the machine that started the run: .*{re.escape(told)}"):
        check_versions(SAME, found)


def test_the_same_packages_are_no_error() -> None:
    check_versions(node_versions(), node_versions())


def test_versions_are_told_of_packages_fonts_and_python() -> None:
    found = node_versions()
    assert found["numpy"] != "not installed"
    assert re.fullmatch(r"3\.\d+", found["python"])
    assert "fontpkg-lato" in found


def made(job: Job, engine: LocalEngine = INLINE, place: str | None = None) -> Report:
    """Render a job of noise as on a cluster, on this machine."""
    with on_cluster(job, engine, Recipe(), place, stays=False) as (far, shipping):
        return run(far, shipping, resume=True, progress=lambda part: None)


def test_a_run_on_a_cluster_ends_with_the_same_files_and_leaves_no_bundle(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    made(fake_job(tmp_path / "out", n=60, scenes=60, cache=tmp_path / "cache"))
    assert files_of(tmp_path / "out") == undisturbed


def test_a_bundle_with_a_place_of_its_own_stays_there_and_is_put_there_once(tmp_path: Path) -> None:
    job = fake_job(tmp_path / "out", cache=tmp_path / "cache")
    made(job, place=str(tmp_path / "place"))
    (kept,) = (tmp_path / "place").iterdir()
    time = kept.stat().st_mtime_ns
    (tmp_path / "out" / "words" / "words-00001.parquet").unlink()
    made(job, place=str(tmp_path / "place"))
    assert [(path.name, path.stat().st_mtime_ns) for path in (tmp_path / "place").iterdir()] == [(kept.name, time)]
    assert kept.name.startswith("assets-")


def test_a_bundle_that_cannot_be_put_in_its_place_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SynthgenError, match=r"--bundle: need a place for the assets: .*file: cannot be written: it is a file"):
        made(fake_job(tmp_path / "out", cache=tmp_path / "cache"), place=str(tmp_path / "file"))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "cache"}


def test_a_bundle_is_taken_away_when_a_run_fails_too(tmp_path: Path) -> None:
    def broken(job: Job) -> FakeRenderer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made(fake_job(tmp_path / "out", cache=tmp_path / "cache", factory=broken))
    assert set(files_of(tmp_path / "out")) == {"run.json"}


class AlteringEngine:
    """Does something to the world before the first shard, as if the machine that makes it were another."""

    retried = 0

    def __init__(self, alter: Callable[[], object]) -> None:
        self._alter = alter

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        self._alter()
        yield from INLINE.map(task, shards)


def test_a_machine_with_another_package_is_named_with_both_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = node_versions()
    altered = AlteringEngine(lambda: monkeypatch.setattr(nodes, "node_versions", lambda: {**here, "pillow": "1.0"}))
    job = fake_job(tmp_path / "out", cache=tmp_path / "cache")
    with (
        pytest.raises(SynthgenError, match=rf"node .+: packages: need .* pillow {re.escape(here['pillow'])}, got 1\.0; install"),
        on_cluster(job, altered, Recipe(), None, stays=False) as (far, shipping),
    ):
        run(far, shipping, resume=False, progress=lambda part: None)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("run.json", r"node .+: .*out: need the place of the run, which all machines share, found no run\.json; give such an --out"),
        (".assets-*", r"node .+: .*out: need the assets of the run, found no \.assets-[0-9a-f.]+tar\S* there; give --bundle, or"),
    ],
)
def test_a_machine_that_does_not_reach_out_is_named(tmp_path: Path, lost: str, message: str) -> None:
    out = tmp_path / "out"

    def lose() -> None:
        for path in out.glob(lost):
            path.unlink()

    altered = AlteringEngine(lose)
    job = fake_job(out, cache=tmp_path / "cache")
    with (
        pytest.raises(SynthgenError, match=message),
        on_cluster(job, altered, Recipe(), None, stays=False) as (far, shipping),
    ):
        run(far, shipping, resume=False, progress=lambda part: None)


def test_a_different_asset_on_a_machine_is_named(tmp_path: Path) -> None:
    def different(job: Job) -> FakeRenderer:
        raise SynthgenError("corpus words.txt: need what the run began with, digest ab, got cd")

    with pytest.raises(SynthgenError, match=r"node .+: corpus words\.txt: need what the run began with, digest ab, got cd"):
        made(fake_job(tmp_path / "out", factory=different, cache=tmp_path / "cache"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("corpora/0/texts.txt", r"node .+: corpus texts\.txt: need what the run began with, digest [0-9a-f]{64}, got [0-9a-f]{64}"),
        ("backgrounds/noise.png", r"node .+: backgrounds: need what the run began with, digest [0-9a-f]{32}, got [0-9a-f]{32}"),
    ],
)
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_an_asset_that_is_another_or_gone_on_a_machine_is_named(tmp_path: Path, name: str, message: str, damage: str) -> None:
    order = small_order(tmp_path / "home", tmp_path / "out", "local")
    recipe, _ = find_recipe(order.flags, tmp_path)
    opened = open_studio(recipe, tmp_path / "cache")
    job = Job(recipe, 3, 20, tmp_path / "out", open_renderer, opened.digests, cache=tmp_path / "cache")

    def spoil() -> None:
        needs = far.factory.args[0]  # type: ignore[attr-defined]  # a partial
        at_hand(needs, tmp_path / "cache")
        file = tmp_path / "cache" / Path(needs.bundle).stem / name
        if damage == "missing":
            file.rename(file.with_name(f"other-{file.name}"))
        else:
            file.write_bytes(file.read_bytes() + b"more\n")  # a photo may have that behind its end

    expected = message if damage == "changed" else rf"node .+: .*{'texts' if name.startswith('corpora') else 'backgrounds'}"
    with (
        pytest.raises(SynthgenError, match=expected),
        on_cluster(job, AlteringEngine(spoil), recipe, None, stays=False) as (far, shipping),
    ):
        run(far, shipping, resume=False, progress=lambda part: None)


def test_the_places_of_a_run_are_named_from_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with on_cluster(fake_job(Path("out"), cache=Path("cache")), INLINE, Recipe(), "place", stays=False) as (far, _):
        needs = far.factory.args[0]  # type: ignore[attr-defined]  # a partial
        assert (far.out, far.cache) == (str(tmp_path / "out"), tmp_path / "cache")
    assert isinstance(needs, Needs)
    assert needs.place == str(tmp_path / "place")
    assert absolute("s3://bucket/x?region=y") == "s3://bucket/x?region=y"
    with on_cluster(fake_job(Path("out"), cache=Path("cache")), INLINE, Recipe(), None, stays=False) as (far, _):
        assert far.factory.args[0].place == str(tmp_path / "out")  # type: ignore[attr-defined]
        assert (far.factory.func, far.factory.args[1]) == (open_on_node, make_fake)  # type: ignore[attr-defined]
