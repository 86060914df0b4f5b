"""What a server did so far, in the text format of Prometheus."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Metrics:
    """Counts of the requests to /extract; the event loop alone changes them."""

    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)  # by reason
    words: int = 0
    bytes: int = 0  # of requests whose photos were read
    seconds: float = 0.0
    within: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))  # requests of each bucket alone, the last without bound

    def add_request(self, status: int, seconds: float) -> None:
        """Count a request that was answered after `seconds`."""
        self.statuses[status] += 1
        self.seconds += seconds
        self.within[bisect_left(BUCKETS_S, seconds)] += 1

    def lines(self, working: int, waiting: int, places: int) -> Iterator[str]:
        """Yield the lines of the text; the first three are how many photos are being read, wait, and may be inside at most."""
        by_status = {f'{{status="{status}"}}': count for status, count in sorted(self.statuses.items())}
        by_reason = {f'{{reason="{reason}"}}': count for reason, count in sorted(self.refusals.items())}
        yield from _family("extract_requests_total", "counter", "requests to /extract that ended, by status", by_status)
        yield from _family("extract_refused_total", "counter", "those without words, by reason", by_reason)
        yield from _family("extract_words_total", "counter", "words that were read", {"": self.words})
        yield from _family("extract_read_bytes_total", "counter", "bytes of the requests whose photos were read", {"": self.bytes})
        yield from _family("extract_in_progress", "gauge", "photos being read", {"": working})
        yield from _family("extract_queue_length", "gauge", "requests that are sending or wait for their turn", {"": waiting})
        yield from _family("extract_places", "gauge", "requests that may be inside at once", {"": places})
        yield from _family("extract_request_seconds", "histogram", "from a request's arrival to its answer", self._histogram())

    def _histogram(self) -> dict[str, float]:
        found: dict[str, float] = {}
        count = 0
        for bound, more in zip((*map(str, BUCKETS_S), "+Inf"), self.within, strict=True):
            count += more
            found[f'_bucket{{le="{bound}"}}'] = count
        return {**found, "_sum": round(self.seconds, 6), "_count": count}


def _family(name: str, kind: str, about: str, values: dict[str, int] | dict[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    yield from (f"{name}{suffix} {value}" for suffix, value in values.items())
