from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from synthgen import SynthgenError, open_groups
from tests.fake_runs import job_of, render
from tests.object_store import BUCKET, KEYS, object_store

COLUMNS = ["index", "image", "text"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_in_object_storage_are_read_like_local_ones(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    render(job_of("words", tmp_path, format=form))
    store = fs.S3FileSystem(endpoint_override=address, scheme="http")
    fs.copy_files(str(tmp_path), f"{BUCKET}/{form}", source_filesystem=fs.LocalFileSystem(), destination_filesystem=store)
    far, near = open_groups(f"s3://{BUCKET}/{form}?endpoint_override={address}&scheme=http"), open_groups(tmp_path)
    assert far.sizes == near.sizes
    assert [far.load(k, COLUMNS) for k in range(4)] == [near.load(k, COLUMNS) for k in range(4)]
    with pytest.raises(SynthgenError, match=r"need manifest.json, which a finished run has, found none"):
        open_groups(f"s3://{BUCKET}/nothing?endpoint_override={address}&scheme=http")


@pytest.mark.slow
def test_wrong_keys_are_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(SynthgenError, match=r"cannot be read: .*; check the credentials and the network"):
        open_groups(f"s3://{BUCKET}/run?endpoint_override={address}&scheme=http")
