"""What all tests share: how many examples hypothesis tries, everywhere alike; the tables, and a run of both; an object store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from synthgen.assets.scene_assets import SceneAssets, open_scene_assets
from synthgen.assets.studio import Opened
from synthgen.scene.words import Studio
from synthgen.scene_renderer import ScenePainter
from tests.fake_runs import fake_job, files_of, render
from tests.object_store import KEYS, Server, object_server
from tests.sound_runs import sound_run
from tests.studio_fixture import open_few

# A first example may compile kernels, so time limits would only fail on slow machines; derandomized: a red run is red again.
settings.register_profile("house", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what needs the compiled painter first: of two processes one then compiles it while the other has other work, and not both."""
    items.sort(key=lambda item: "opened" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Return the assets of few faces, made once; their cache is the folder `assets` of the session."""
    return open_few(tmp_path_factory.getbasetemp() / "assets")


@pytest.fixture(scope="session")
def studio(opened: Opened) -> Studio:
    return opened.studio


@pytest.fixture(scope="session")
def scene_assets(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> SceneAssets:
    """Return what scenes of few faces, without photos, are made from."""
    return open_scene_assets(opened, opened.studio.recipe, tmp_path_factory.getbasetemp() / "assets")


@pytest.fixture(scope="session")
def scene_painter(opened: Opened, scene_assets: SceneAssets) -> ScenePainter:
    return ScenePainter(scene_assets, opened.studio.recipe, 7)


@pytest.fixture(params=["words", "scenes"])
def table(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return all files of a run of 60 words and 60 scenes that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed")
    render(fake_job(out, n=60, scenes=60))
    return files_of(out)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a run in which nothing is wrong, in each form; do not change them."""
    return {form: sound_run(tmp_path_factory.mktemp("sound") / form, form) for form in ("parquet", "tfrecord")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running object store; what is to find its way in there needs `keys` too."""
    with object_server(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the keys of an object store of this machine where its clients look for them."""
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
