"""`extract serve` as users start it: a process of its own, asked over sockets."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from tests.extractor.serve_fixture import Headers

START = "from extractor.cli import main; main()"


@dataclass
class Serving:
    """A server that listens."""

    process: "subprocess.Popen[str]"
    url: str
    log: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes = b"", headers: Headers | None = None) -> tuple[int, dict[str, object]]:
        """Return status and JSON of an answer."""
        line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        try:
            line.request(method, path, body, headers or {})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def resident_mb(self) -> float:
        """Return what the process holds in memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


@contextmanager
def serving(*options: str) -> Iterator[Serving]:
    """Start a server at a free port; it is ended if the test did not."""
    command = (sys.executable, "-c", START, "serve", "--port", "0", *options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    log: list[str] = []
    listener = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)  # or its pipe would fill up
    listener.start()
    try:
        told = process.stdout.readline()
        assert told.startswith("http://"), log
        yield Serving(process, told.split()[0], log)
    finally:
        process.terminate()
        process.wait(timeout=60)
        listener.join(timeout=10)
        process.stdout.close()
        process.stderr.close()


def label(*lines: str, width: int = 420) -> bytes:
    """Return the JPEG of a plain label with these lines."""
    paper = np.full((70 * len(lines) + 40, width, 3), (225, 240, 250), dtype=np.uint8)
    for k, line in enumerate(lines):
        cv2.putText(paper, line, (20, 75 + 70 * k), cv2.FONT_HERSHEY_DUPLEX, 1.6, (60, 30, 20), 3, cv2.LINE_AA)
    return cv2.imencode(".jpg", paper, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
