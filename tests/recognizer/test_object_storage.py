"""Training from a real object store, as it is done from a folder."""

from pathlib import Path

import numpy as np
import pytest

from recognizer.train import run
from recognizer.weights import load_reader
from tests.fake_runs import job_of, render
from tests.object_store import KEYS, object_server
from tests.recognizer.test_train import order, surroundings


@pytest.mark.slow
def test_a_reader_learns_the_same_from_object_storage_as_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    (tmp_path / "store").mkdir()
    with object_server(tmp_path / "store") as server:
        places = {"near": str(tmp_path / "shards"), "far": server.url("shards")}
        for name, place in places.items():
            render(job_of("words", place, samples=80))
            run(order(place, samples=32), surroundings(tmp_path / name, place))
    near, far = (load_reader(tmp_path / name / "reader.keras").model.get_weights() for name in places)
    assert all(np.array_equal(a, b) for a, b in zip(near, far, strict=True))
