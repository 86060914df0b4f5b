"""Many clients at once, slow ones, and ones that hang up: the bound holds, places come back, and what is counted adds up."""

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest

from extractor.page import Maps, Page
from extractor.serve.app import create_app
from extractor.serve.incoming import DRAINED, ENVELOPE
from extractor.serve.limits import Limits
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from tests.extractor.serve_fixture import Asker, FakeExtractor, Reply, photo, served, until


def closed() -> FakeExtractor:
    """Return an extractor that waits until its gate is opened."""
    extractor = FakeExtractor()
    extractor.gate.clear()
    return extractor


async def metrics(asker: Asker) -> dict[str, float]:
    text = (await asker.ask("GET", "/metrics")).body.decode()
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def asked(asker: Asker, count: int) -> list[asyncio.Task[Reply]]:
    return [asyncio.ensure_future(asker.ask("POST", "/extract", photo(40 + k))) for k in range(count)]


def test_no_more_wait_than_there_are_places_and_all_who_wait_are_answered() -> None:
    extractor = closed()

    async def scenario(asker: Asker) -> None:
        first = asked(asker, 6)
        await until(lambda: extractor.inside == 2)
        assert (await metrics(asker))["extract_queue_length"] == 4
        health = await asker.ask("GET", "/health")
        assert (health.status, health.reason) == (503, "the queue is full")
        refused = await asker.ask("POST", "/extract", photo())
        assert (refused.status, refused.reason) == (503, "queue_full") and int(refused.headers["retry-after"]) >= 1
        extractor.gate.set()
        replies = await asyncio.gather(*first)
        assert [reply.json()["width"] for reply in replies] == [40, 41, 42, 43, 44, 45]
        assert extractor.most_inside == 2
        assert (await asker.ask("GET", "/health")).json() == {"ready": True, "reason": None, "working": 0, "waiting": 0, "places": 6}

    served(scenario, extractor, Limits(workers=2, queue=4))


def test_what_is_not_read_in_time_is_told_so_and_keeps_its_place_until_its_thread_ends() -> None:
    extractor = closed()

    async def scenario(asker: Asker) -> None:
        late = await asker.ask("POST", "/extract", photo())
        assert (late.status, late.reason) == (504, "timeout")
        assert (await asker.ask("POST", "/extract", photo())).reason == "queue_full"
        extractor.gate.set()
        await until(lambda: extractor.inside == 0)
        await asyncio.sleep(0.02)
        assert (await asker.ask("POST", "/extract", photo())).status == 200

    served(scenario, extractor, Limits(workers=1, queue=0, timeout_s=0.15))


def test_a_client_that_hangs_up_while_it_waits_frees_its_place_and_is_never_read() -> None:
    extractor = closed()

    async def scenario(asker: Asker) -> None:
        gone = asyncio.Event()
        first = asyncio.ensure_future(asker.ask("POST", "/extract", photo(50)))
        await until(lambda: extractor.inside == 1)
        second = asyncio.ensure_future(asker.ask("POST", "/extract", photo(60), hang_up=gone))
        await asyncio.sleep(0.02)
        assert (await asker.ask("POST", "/extract", photo())).reason == "queue_full"
        gone.set()
        assert (await second).status == 499
        third = asyncio.ensure_future(asker.ask("POST", "/extract", photo(70)))
        await asyncio.sleep(0.02)
        extractor.gate.set()
        assert [(await task).status for task in (first, third)] == [200, 200]
        assert [width for _, width, _ in extractor.shapes] == [50, 70]

    served(scenario, extractor, Limits(workers=1, queue=1))


def test_a_client_that_hangs_up_while_it_sends_frees_its_place() -> None:
    async def scenario(asker: Asker) -> None:
        gone = asyncio.Event()

        def pieces() -> Iterator[bytes]:
            yield photo()[:50]
            gone.set()
            yield photo()[50:]

        cut = await asker.ask("POST", "/extract", pieces(), hang_up=gone)
        assert (cut.status, cut.reason) == (499, "hung_up")
        assert (await asker.ask("POST", "/extract", photo())).status == 200

    served(scenario, limits=Limits(workers=1, queue=0))


def test_a_photo_that_comes_too_slowly_loses_its_place() -> None:
    class Never(asyncio.Event):
        async def wait(self) -> bool:  # type: ignore[override]  # the line stays open, and nothing comes
            await asyncio.sleep(3600)
            return True

        def is_set(self) -> bool:
            return self.begun

        begun = False

    async def scenario(asker: Asker) -> None:
        stalled = Never()

        def pieces() -> Iterator[bytes]:
            yield photo()[:50]
            stalled.begun = True
            yield photo()[50:]

        task = asyncio.ensure_future(asker.ask("POST", "/extract", pieces(), hang_up=stalled))
        reply = await task
        assert (reply.status, reply.reason) == (408, "too_slow")
        assert (await asker.ask("POST", "/extract", photo())).status == 200

    served(scenario, limits=Limits(workers=1, queue=0, timeout_s=0.1))


@pytest.mark.parametrize("kind", ["application/octet-stream", "multipart/form-data; boundary=edge"])
def test_a_body_without_end_is_read_no_further_than_the_bound(kind: str) -> None:
    taken = 0
    limits = Limits(max_bytes=100_000)

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while True:
            taken += 10_000
            yield bytes(10_000)

    async def scenario(asker: Asker) -> None:
        reply = await asker.ask("POST", "/extract", pieces(), {"content-type": kind})
        assert (reply.status, reply.reason) == (413, "too_large")

    served(scenario, limits=limits)
    assert taken <= DRAINED * (limits.max_bytes + ENVELOPE) + 20_000


def test_a_body_that_says_it_is_too_long_is_not_asked_for() -> None:
    async def scenario(asker: Asker) -> None:
        def pieces() -> Iterator[bytes]:
            raise AssertionError("it was read")
            yield b""

        headers = {"content-length": "5000000000", "expect": "100-continue"}
        assert (await asker.ask("POST", "/extract", pieces(), headers)).status == 413

    served(scenario)


def test_the_metrics_add_up() -> None:
    async def scenario(asker: Asker) -> None:
        for body in (photo(), photo(), b"no picture", b"", bytes(2_000)):
            await asker.ask("POST", "/extract", body)
        await asker.ask("GET", "/health")
        found = await metrics(asker)
        by_status = {name: value for name, value in found.items() if name.startswith("extract_requests_total")}
        assert by_status == {
            'extract_requests_total{status="200"}': 2,
            'extract_requests_total{status="400"}': 1,
            'extract_requests_total{status="413"}': 1,
            'extract_requests_total{status="415"}': 1,
        }
        refused = {name: value for name, value in found.items() if name.startswith("extract_refused_total")}
        assert set(refused) == {f'extract_refused_total{{reason="{reason}"}}' for reason in ("no_photo", "not_a_picture", "too_large")}
        assert sum(refused.values()) == 3
        assert found["extract_words_total"] == 6 and found["extract_read_bytes_total"] == 2 * len(photo())
        buckets = [value for name, value in found.items() if "_bucket" in name]
        assert buckets == sorted(buckets) and buckets[-1] == found["extract_request_seconds_count"] == sum(by_status.values())
        assert 0 < found["extract_request_seconds_sum"] < 10
        assert found["extract_in_progress"] == found["extract_queue_length"] == 0

    served(scenario, limits=Limits(max_bytes=1_000))


def test_the_metrics_are_in_the_format_of_prometheus() -> None:
    async def scenario(asker: Asker) -> Reply:
        await asker.ask("POST", "/extract", photo())
        return await asker.ask("GET", "/metrics")

    reply = served(scenario)
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    sample = re.compile(r'(\w+)(\{\w+="[\w.+]+"\})? [\d.e+-]+')
    named: set[str] = set()
    for line in reply.body.decode().splitlines():
        if line.startswith("# TYPE"):
            named.add(line.split()[2])
        elif not line.startswith("#"):
            found = sample.fullmatch(line)
            assert found and re.sub(r"_(bucket|sum|count)$", "", found[1]) in named, line


def test_it_says_that_it_warms_up_and_then_that_it_is_ready() -> None:
    started, go = threading.Event(), threading.Event()

    class Cold(FakeExtractor):
        def look(self, image: Image) -> tuple[Page, Maps]:
            started.set()
            assert go.wait(20)
            return super().look(image)

    async def scenario(asker: Asker) -> None:
        await until(started.is_set)
        cold = await asker.ask("GET", "/health")
        assert (cold.status, cold.json()["ready"], cold.reason) == (503, False, "warming up")
        go.set()
        async with asyncio.timeout(10):
            while (await asker.ask("GET", "/health")).status != 200:
                await asyncio.sleep(0.002)

    served(scenario, Cold())


def test_what_is_being_read_when_the_server_ends_is_still_answered() -> None:
    extractor = closed()

    async def scenario(asker: Asker) -> asyncio.Task[Reply]:
        task = asyncio.ensure_future(asker.ask("POST", "/extract", photo()))
        await until(lambda: extractor.inside == 1)
        threading.Timer(0.05, extractor.gate.set).start()
        return task

    async def run() -> Reply:
        app = create_app(extractor, Limits())
        async with app.router.lifespan_context(app):
            task = await scenario(Asker(app))
        return await task

    assert asyncio.run(run()).status == 200


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_bytes": 0}, r"--max-bytes: need 1 to 1,000,000,000, got 0;"),
        ({"max_pixels": 100_000_000}, r"--max-pixels: need 1 to 89,478,485, got 100,000,000;"),
        ({"workers": 0}, r"--workers: need 1 to 256, got 0;"),
        ({"queue": -1}, r"--queue: need 0 to 100,000, got -1;"),
        ({"timeout_s": 0.0}, r"--timeout: need 0\.01 to 86,400, got 0\.0;"),
    ],
)
def test_limits_that_make_no_sense_are_errors(given: dict[str, int], told: str) -> None:
    with pytest.raises(SynthgenError, match=told):
        Limits(**given)
