"""How much a server takes on."""

from dataclasses import dataclass

from synthgen.errors import SynthgenError

MOST_PIXELS = 89_478_485  # px, what Pillow's own guard against decompression bombs lets through unwarned
MOST_SIDE = 30_000  # px; a strip of one pixel's height would be cut into tiles without end


@dataclass(frozen=True)
class Limits:
    """How much a server takes on: no more than `workers + queue` photos of `max_bytes` are in memory, `workers` of them decoded."""

    max_bytes: int = 20_000_000  # of a request's photo
    max_pixels: int = 50_000_000  # a telephone's largest; 3 bytes each when decoded
    workers: int = 1  # photos read at a time
    queue: int = 16  # photos that may wait for a worker
    timeout_s: float = 60.0  # from a request's first byte to its answer

    def __post_init__(self) -> None:
        _check("max-bytes", self.max_bytes, 1, 1_000_000_000)
        _check("max-pixels", self.max_pixels, 1, MOST_PIXELS)
        _check("workers", self.workers, 1, 256)
        _check("queue", self.queue, 0, 100_000)
        _check("timeout", self.timeout_s, 0.01, 86_400)

    @property
    def places(self) -> int:
        """Requests that may be inside at once."""
        return self.workers + self.queue


def _check(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SynthgenError(f"--{option}: need {least:,} to {most:,}, got {value:,}; leave it out for the usual")
