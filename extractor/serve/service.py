"""What answers requests with one extractor; nothing that is sent is kept."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from extractor.serve.answers import Answer, Looks, answer
from extractor.serve.desk import Desk
from extractor.serve.incoming import Incoming
from extractor.serve.limits import Limits
from extractor.serve.metrics import MEDIA_TYPE, Metrics
from extractor.serve.refusal import HUNG_UP, RefusedError
from extractor.serve.warm_up import WarmUp

logger = logging.getLogger(__name__)


class Service:
    """What answers requests with one extractor."""

    def __init__(self, extractor: Looks, limits: Limits, origins: Sequence[str]) -> None:
        self.extractor, self.limits, self.origins = extractor, limits, tuple(origins)
        self.desk, self.metrics = Desk(limits), Metrics()
        self.warm_up = WarmUp(extractor)

    @asynccontextmanager
    async def life(self, _: FastAPI) -> AsyncIterator[None]:
        """Warm up, and at the end wait for the photos that are being read."""
        self.warm_up.begin(self.desk)
        yield
        await self.desk.close()

    async def extract(self, request: Request, *, maps: bool = False) -> Response:
        """Read a photo: the body is the picture, or a form with one file. `maps`: send the detector's heat maps too."""
        begun, incoming = time.perf_counter(), Incoming(request, self.limits.max_bytes)
        words = 0
        try:
            found = await self._read(incoming, maps=maps)
            words, response = found.words, Response(found.body, media_type="application/json")
            self.metrics.words += words
            self.metrics.bytes += incoming.count
        except RefusedError as refused:
            self.metrics.refusals[refused.reason] += 1
            response = refused.response()
            if refused.status not in (408, HUNG_UP):
                await incoming.drain()
        seconds = time.perf_counter() - begun
        self.metrics.add_request(response.status_code, seconds)
        logger.info("%s in %.2f s: %s words, %s bytes", response.status_code, seconds, words, f"{incoming.count:,}")
        return response

    async def health(self) -> Response:
        """Whether the next photo would be read, and why not."""
        desk = self.desk
        reason = self.warm_up.reason() or ("the queue is full" if desk.full else None)
        state = {"ready": reason is None, "reason": reason, "working": desk.working, "waiting": desk.waiting, "places": self.limits.places}
        return JSONResponse(state, 503 if reason else 200)

    async def tell(self) -> Response:
        """What was done so far, in the text format of Prometheus."""
        lines = self.metrics.lines(self.desk.working, self.desk.waiting, self.limits.places)
        return Response("".join(f"{line}\n" for line in lines), media_type=MEDIA_TYPE)

    async def _read(self, incoming: Incoming, *, maps: bool) -> Answer:
        self._refuse_strangers(incoming.request)
        until = time.monotonic() + self.limits.timeout_s
        with self.desk.place():
            try:
                async with asyncio.timeout(self.limits.timeout_s):
                    data = await incoming.photo()
            except TimeoutError as error:
                told = f"--timeout: need the photo within {self.limits.timeout_s:g} s, got {incoming.count:,} bytes; send it faster"
                raise RefusedError(408, "too_slow", told) from error
            task = partial(answer, self.extractor, data, self.limits.max_pixels, maps=maps)
            return await self.desk.work(task, incoming.until_hung_up(), until - time.monotonic())

    def _refuse_strangers(self, request: Request) -> None:
        """Refuse pages of other sites, whose readers' browsers could be made to send photos here; browsers say where a request is from."""
        foreign = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and not {"*", request.headers.get("origin")} & set(self.origins):
            told = (
                f"Origin: need this server's own page, got {request.headers.get('origin')}; start it with --allow-origin to let another in"
            )
            raise RefusedError(403, "cross_site", told)
