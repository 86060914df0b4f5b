"""The run that reports and their figures are made of."""

from pathlib import Path

import pytest

from tests.fake_runs import fake_job, render


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 40 words and 20 scenes, 10 a shard; do not change it."""
    out = tmp_path_factory.mktemp("run") / "shards"
    render(fake_job(out, n=40, scenes=20, size=10))
    return out
