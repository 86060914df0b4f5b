"""A real object store: what is written to it, read from it, killed under it, and how its refusals are told."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from synthgen import SynthgenError, open_groups, read
from synthgen.held_out import HeldOut
from synthgen.shards.manifest import RUN, Json, made_part, vouch, write_manifest
from synthgen.shards.relabel import split_run
from synthgen.shards.shard_check import Depth
from synthgen.shards.storage import json_bytes
from synthgen.shards.store import Folder
from synthgen.shards.upload import Order, upload
from synthgen.verify import Order as Verification
from synthgen.verify import verify
from tests.engine_tasks import wait_until
from tests.fake_runs import fake_job, files_of, job_of, render
from tests.object_store import BUCKET, KEYS, Server, far_files, object_server
from tests.test_engine import ROOT

COLUMNS = ["index", "image", "text"]
TOLD_WITHIN_S = 40.0
KILLED_RUN = """
import sys
from synthgen.engine.local import LocalEngine
from synthgen.job import run
from tests.fake_runs import fake_job, slow
if __name__ == "__main__":
    run(fake_job(sys.argv[1], n=60, scenes=60, factory=slow(0.02)), LocalEngine(2), resume=False, progress=print)
"""
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("keys")]


def started(*command: str, env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """Return a running program with the keys of the store and no others."""
    own = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", **KEYS, **(env or {})}
    return subprocess.Popen([sys.executable, *command], env=own, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(*command: str, env: dict[str, str] | None = None) -> tuple[int | None, str]:
    """Return exit code and stderr of a synthgen command, which must end in time."""
    going = started("-m", "synthgen", *command, env=env)
    _, complaints = going.communicate(timeout=TOLD_WITHIN_S)
    return going.returncode, complaints


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_in_object_storage_are_made_and_read_like_local_ones(server: Server, tmp_path: Path, form: str) -> None:
    url = server.url(f"made/{form}")
    for out in (tmp_path, url):
        render(job_of("words", out, format=form))
    assert far_files(url) == files_of(tmp_path)
    far, near = open_groups(url), open_groups(tmp_path)
    assert far.sizes == near.sizes
    assert [far.load(k, COLUMNS) for k in range(4)] == [near.load(k, COLUMNS) for k in range(4)]
    assert list(read(url)) == list(read(tmp_path))
    assert list(read(f"s3://{BUCKET}/made/{form}/words/words-00001.{form}?endpoint_override={server.address}&scheme=http"))
    with pytest.raises(SynthgenError, match=r"need manifest.json, which a finished run has, found none"):
        open_groups(server.url("nothing"))


def test_a_killed_run_in_object_storage_resumes_to_the_bytes_of_a_local_one(
    server: Server, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    script, url = tmp_path / "run.py", server.url("killed")
    script.write_text(KILLED_RUN, encoding="utf-8")
    going = started(str(script), url)
    wait_until(lambda: sum(name.startswith("parts/") for name in far_files(url)) >= 3)
    going.kill()
    going.communicate()
    assert going.returncode == -signal.SIGKILL
    with pytest.raises(SynthgenError, match=r"need manifest\.json, which a finished run has, found none; go on with .*--resume"):
        list(read(url))
    assert 10 <= sum(batch.num_rows for batch in read(url, partial=True)) < 60
    report = render(fake_job(url, n=60, scenes=60), resume=True)
    assert 0 < report.made + report.scenes_made < 120
    assert far_files(url) == undisturbed


def test_a_run_in_object_storage_is_verified_and_split_like_a_local_one(server: Server, sound: dict[str, Path], tmp_path: Path) -> None:
    url, held = server.url("sound"), HeldOut(("font",), 0.5)
    upload(Order(sound["parquet"], url), lambda one: None)
    report = verify(Verification(url, Depth(), 2))
    assert (report.faults, report.checked, report.decoded) == (0, 60, 60)
    shutil.copytree(sound["parquet"], tmp_path / "near")
    assert split_run(url, held) == split_run(tmp_path / "near", held)
    assert far_files(url) == files_of(tmp_path / "near")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of four shards that are sent in three parts each; what is in them is noise."""
    out, chance = tmp_path_factory.mktemp("large") / "run", np.random.default_rng(5)
    run: Json = {"seed": 5, "n": 4}
    store, parts = Folder(out), []
    store.write(RUN, json_bytes(run))
    for name in (f"words/words-{shard:05d}.parquet" for shard in range(4)):
        store.write(name, chance.bytes(24 << 20))
        parts.append(made_part(name, out / name, 1, {}))
        vouch(store, parts[-1])
    write_manifest(store, run, parts)
    return out


def test_an_upload_whose_server_is_killed_goes_on_when_it_is_back(large: Path, tmp_path: Path) -> None:
    with object_server(tmp_path) as own:
        url = own.url("run")
        going = started("-m", "synthgen", "upload", str(large), url, "--retries", "0", "--threads", "1")
        assert going.stderr is not None
        assert "shard 1 of 4: uploaded" in going.stderr.readline()
        own.kill()
        _, complaints = going.communicate(timeout=TOLD_WITHIN_S)
        assert going.returncode == 1
        assert f"error: s3://{BUCKET}/run/words/words-0000" in complaints
        assert "the store does not answer" in complaints
        own.start()
        assert "manifest.json" not in far_files(url)
        report = upload(Order(large, url), lambda one: None)
        assert report.skipped >= 1
        assert report.skipped + report.uploaded == 4
        assert far_files(url) == files_of(large)


def test_an_upload_waits_for_a_server_that_is_started_again(large: Path, tmp_path: Path) -> None:
    with object_server(tmp_path) as own:
        url = own.url("run")
        going = started("-m", "synthgen", "upload", str(large), url, "--threads", "1", "--json")
        assert going.stderr is not None
        assert "shard 1 of 4: uploaded" in going.stderr.readline()
        own.kill()
        time.sleep(6)  # pyarrow itself tries again for a second or two
        own.start()
        said, complaints = going.communicate(timeout=120)
        assert going.returncode == 0, complaints
        assert "trying again in 1 s" in complaints
        assert '"uploaded": 4' in said
        assert far_files(url) == files_of(large)


def test_local_shards_go_when_they_are_uploaded(server: Server, large: Path, tmp_path: Path) -> None:
    shutil.copytree(large, tmp_path / "copy")
    upload(Order(tmp_path / "copy", server.url("moved"), delete_local=True), lambda one: None)
    assert list((tmp_path / "copy").rglob("*")) == []
    assert far_files(server.url("moved")) == files_of(large)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small") / "run"
    render(fake_job(out))
    return out


@pytest.mark.parametrize("command", ["upload", "inspect", "export", "render", "verify", "explain", "split"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("key", "access is refused (AWS Error "),
        ("secret", "access is refused (AWS Error "),
        ("bucket", "need a bucket that exists, found no 'nowhere'; make it, or check the name and the endpoint"),
        ("port", "the store does not answer (AWS Error NETWORK_CONNECTION); check the network and the endpoint"),
    ],
)
def test_what_is_wrong_with_a_store_is_one_clear_line(server: Server, small: Path, fault: str, said: str, command: str) -> None:
    url = {
        "bucket": f"s3://nowhere/run?endpoint_override={server.address}&scheme=http",
        "port": f"s3://{BUCKET}/run?endpoint_override=127.0.0.1:1&scheme=http",
    }.get(fault, server.url("run"))
    env = {"key": {"AWS_ACCESS_KEY_ID": "nobody"}, "secret": {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}}.get(fault, {})
    commands = {
        "upload": ("upload", str(small), url),
        "inspect": ("inspect", url, "--out", str(small.parent / "report.html")),
        "export": ("export", url, "--format", "folder", "--out", str(small.parent / "export")),
        "render": ("render", "--n", "10", "--out", url),
        "verify": ("verify", url),
        "explain": ("explain", url, "1"),
        "split": ("split", url),
    }
    began = time.monotonic()
    code, complaints = told(*commands[command], env=env)
    assert (code, complaints.count("\n")) == (1, 1), complaints
    assert complaints.startswith(f"error: s3://{'nowhere' if fault == 'bucket' else BUCKET}/run")
    assert said in complaints
    assert time.monotonic() - began < TOLD_WITHIN_S
    assert not any(secret in complaints for secret in ("wrong-secret", KEYS["AWS_SECRET_ACCESS_KEY"]))
