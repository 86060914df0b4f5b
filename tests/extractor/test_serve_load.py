"""The server with the weights that come along, under load: none is lost, none is mixed up, memory stays, and it ends when told."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.extractor.serve_process import Serving, label, serving

pytestmark = pytest.mark.slow
CLIENTS, REQUESTS = 8, 200
PHOTOS = [label(f"Brand {k}", f"NET WT {k + 3} OZ", width=380 + 10 * (k % 3)) for k in range(12)]


def read(server: Serving, place: int) -> dict[str, object]:
    status, found = server.ask("POST", "/extract", PHOTOS[place % len(PHOTOS)])
    assert status == 200, found
    assert float(str(found.pop("seconds"))) > 0
    return found


def test_200_requests_of_8_clients_are_answered_as_a_single_client_is_and_memory_stays() -> None:
    with serving("--size", "320", "--workers", "2") as server:
        alone = [read(server, place) for place in range(len(PHOTOS))]
        assert len({str(found["text"]) for found in alone}) > len(PHOTOS) / 2  # else mixed answers would pass
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda place: read(server, place), range(5 * CLIENTS)))  # each client's line, each worker's buffers
            before = server.resident_mb()
            together = list(clients.map(lambda place: read(server, place), range(REQUESTS)))
        assert together == [alone[place % len(PHOTOS)] for place in range(REQUESTS)]
        after = server.resident_mb()
        assert after < before * 1.05 + 10, f"{before:.0f} MB after warm-up, {after:.0f} MB at the end"
        health = server.ask("GET", "/health")[1]
        assert health["ready"] is True and health["waiting"] == 0


def test_what_is_beyond_the_queue_is_turned_away_and_all_others_are_answered() -> None:
    with serving("--size", "320", "--queue", "2") as server:
        while server.ask("GET", "/health")[0] != 200:
            time.sleep(0.05)
        with ThreadPoolExecutor(12) as clients:
            statuses = [status for status, _ in clients.map(lambda _: server.ask("POST", "/extract", PHOTOS[0]), range(36))]
    assert set(statuses) == {200, 503} and statuses.count(200) >= 3


def test_it_ends_when_told_after_it_has_answered() -> None:
    with serving("--size", "320") as server:
        answers: list[tuple[int, dict[str, object]]] = []
        client = threading.Thread(target=lambda: answers.append(server.ask("POST", "/extract", PHOTOS[0])))
        while server.ask("GET", "/health")[0] != 200:
            time.sleep(0.05)
        client.start()
        while not server.ask("GET", "/health")[1]["working"] and not answers:
            time.sleep(0.001)
        server.process.send_signal(signal.SIGINT)
        client.join(timeout=60)
        assert server.process.wait(timeout=60) == 130
        assert [status for status, _ in answers] == [200]
    assert "stopped" in "".join(server.log) and "Traceback" not in "".join(server.log)
