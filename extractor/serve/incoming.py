"""The photo of a request as bytes, counted while they come: a body that is too long is never whole in memory."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from extractor.serve.refusal import HUNG_UP, RefusedError

ENVELOPE = 65_536  # bytes that a form may have round its photo
DRAINED_S = 5.0  # s, and
DRAINED = 4  # times the most bytes: how long the rest of a refused body is read and dropped, as most clients hear only after they have sent


@dataclass
class Incoming:
    """The body of a request; it is read through this alone."""

    request: Request
    most: int  # bytes of a photo
    count: int = 0  # bytes so far
    ended: bool = False  # whether all of the body, or the end of the connection, has come

    async def photo(self) -> bytes:
        """Return the body, or the one file in it if it is a form; a form's names, file names among them, are not looked at.

        Raises:
            RefusedError: 413, too long; 400, there is no file or a broken form; 499, the client hung up.
        """
        told = self.request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self.most + ENVELOPE:
            raise self._too_large(int(told))
        body = Request(self.request.scope, self._receive)
        is_form = self.request.headers.get("content-type", "").lower().startswith("multipart/form-data")
        try:
            data = await _file_in(body) if is_form else await _whole(body)
        except ClientDisconnect as error:
            raise RefusedError(HUNG_UP, "hung_up", "body: the client hung up while it sent") from error
        if len(data) > self.most:
            raise self._too_large(len(data))
        if not data:
            raise RefusedError(400, "no_photo", "body: need a photo, got none; send the file as the body, or as a form with one file")
        return data

    async def until_hung_up(self) -> None:
        """Return when the client is gone; the body must have ended."""
        while (await self.request.receive())["type"] != "http.disconnect":
            pass

    async def drain(self) -> None:
        """Read on and drop what comes, for a while, so that the client hears why it is refused rather than that the line is dead."""
        if self.ended or ("expect" in self.request.headers and not self.count):  # such a client asks before it sends
            return
        try:
            async with asyncio.timeout(DRAINED_S):
                while not self.ended and self.count < DRAINED * (self.most + ENVELOPE):
                    await self._next()
        except TimeoutError:
            return

    async def _next(self) -> Message:
        message = await self.request.receive()
        self.count += len(message.get("body", b""))
        self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def _receive(self) -> Message:
        message = await self._next()
        if self.count > self.most + ENVELOPE:
            raise self._too_large(self.count)
        return message

    def _too_large(self, count: int) -> RefusedError:
        return RefusedError(413, "too_large", f"body: need at most {self.most:,} bytes, got {count:,} or more; send a smaller photo")


async def _whole(body: Request) -> bytes:
    return b"".join([piece async for piece in body.stream()])


async def _file_in(body: Request) -> bytes:
    try:
        async with body.form(max_files=1, max_fields=8) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            return await files[0].read() if files else b""
    except (HTTPException, MultiPartException) as error:
        why = error.detail if isinstance(error, HTTPException) else error.message
        raise RefusedError(400, "broken_form", f"body: need a form with one file, got one that is broken: {why}; mend it") from error
