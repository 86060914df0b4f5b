"""A server in this process, without a socket: what is sent and when the client hangs up is up to the test."""

import asyncio
import io
import json
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from fastapi import FastAPI
from PIL import Image as Pictures

from extractor.page import Line, Maps, Page, Word
from extractor.serve.app import create_app
from extractor.serve.limits import Limits
from synthgen.arrays import Image

T = TypeVar("T")
Headers = dict[str, str]
WARM_UP = (160, 480, 3)  # of the server's own picture


@dataclass
class FakeExtractor:
    """Reads the size and the mean of a photo off it, when the gate is open."""

    gate: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None
    shapes: list[tuple[int, ...]] = field(default_factory=list)  # of the photos it was given
    inside: int = 0
    most_inside: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def extract(self, image: Image) -> Page:
        if image.shape != WARM_UP:
            self._wait(image)
        if self.fault:
            raise self.fault
        return fake_page(image)

    def look(self, image: Image) -> tuple[Page, Maps]:
        return self.extract(image), fake_maps(image)

    def _wait(self, image: Image) -> None:
        with self.lock:
            self.shapes.append(image.shape)
            self.inside += 1
            self.most_inside = max(self.inside, self.most_inside)
        assert self.gate.wait(20)
        with self.lock:
            self.inside -= 1


def fake_page(image: Image) -> Page:
    height, width = image.shape[:2]
    quad = np.array([[1, 1], [width - 1, 1], [width - 1, height - 1], [1, height - 1]], dtype=np.float32)
    texts = (f"{width}x{height}", f"mean{image.mean():.0f}", "15 FL OZ")
    words = tuple(Word(text, quad, quad if k else None, 0.9, 0.8, int(k > 0)) for k, text in enumerate(texts))
    return Page(height, width, words, (Line(texts[0], (0,)), Line(f"{texts[1]} {texts[2]}", (1, 2))))


def fake_maps(image: Image) -> Maps:
    ramp = np.arange(image.shape[0] // 2 * (image.shape[1] // 2)).reshape(image.shape[0] // 2, -1)
    return Maps((ramp % 256).astype(np.uint8), (255 - ramp % 256).astype(np.uint8), 0.5)


@dataclass
class Reply:
    """What a server answered."""

    status: int
    headers: Headers
    body: bytes

    def json(self) -> dict[str, object]:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def reason(self) -> object:
        return self.json()["reason"]


@dataclass
class Asker:
    """Sends requests to an application that lives."""

    app: FastAPI

    async def ask(
        self,
        method: str,
        address: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Headers | None = None,
        hang_up: asyncio.Event | None = None,
    ) -> Reply:
        """Return the answer to one request; the client waits for it unless `hang_up` is set before."""
        path, _, query = address.partition("?")
        named = {"host": "test", **({"content-length": str(len(body))} if isinstance(body, bytes) else {}), **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self.app(scope, _sender(iter([body] if isinstance(body, bytes) else body), hang_up or asyncio.Event()), send)  # type: ignore[arg-type]  # messages are dicts
        return _reply(sent)


def _sender(pieces: Iterator[bytes], hang_up: asyncio.Event) -> Callable[[], Awaitable[dict[str, object]]]:
    """Return what gives the body piece by piece, then waits until the client hangs up; so does an empty piece in the middle."""
    ended = False

    async def receive() -> dict[str, object]:
        nonlocal ended
        piece = b"" if ended else next(pieces, b"")
        if piece and not hang_up.is_set():
            await asyncio.sleep(0)
            return {"type": "http.request", "body": piece, "more_body": True}
        if not ended and not hang_up.is_set():
            ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await hang_up.wait()
        return {"type": "http.disconnect"}

    return receive


def _reply(sent: list[dict[str, object]]) -> Reply:
    start, *bodies = sent
    headers, status = start["headers"], start["status"]
    assert isinstance(headers, list) and isinstance(status, int)
    named = {name.decode().lower(): value.decode() for name, value in headers}
    return Reply(status, named, b"".join(body for part in bodies if isinstance(body := part.get("body", b""), bytes)))


def served(scenario: Callable[[Asker], Awaitable[T]], extractor: FakeExtractor | None = None, limits: Limits | None = None) -> T:
    """Return what `scenario` comes to while a server lives."""

    async def run() -> T:
        app = create_app(extractor or FakeExtractor(), limits)
        async with app.router.lifespan_context(app):
            return await scenario(Asker(app))

    return asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    """Wait for what threads do."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def photo(width: int = 40, height: int = 24, form: str = "PNG", **options: object) -> bytes:
    """Return the file of a picture with a gradient, which no two sizes share."""
    ramp = np.add.outer(np.arange(height) * 3, np.arange(width) * 5) % 256
    file = io.BytesIO()
    Pictures.fromarray(np.repeat(ramp[:, :, None], 3, axis=2).astype(np.uint8)).save(file, form, **options)
    return file.getvalue()


def form_of(content: bytes, name: str = "file", filename: str = "photo.jpg") -> tuple[bytes, Headers]:
    """Return body and headers of a form with one file."""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: image/jpeg\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n", {"content-type": "multipart/form-data; boundary=edge"}


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return one piece of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a grey PNG of 8 bits that claims this size, with what follows its header."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + b"".join(chunks)
        + chunk(b"IEND", b"")
    )
