"""How photos are looked at and read."""

from dataclasses import dataclass, field, replace

from detector.sizes import ENLARGED, LONGEST, MULTIPLE
from detector.thresholds import Thresholds
from synthgen.errors import SynthgenError

LEAST_CONFIDENCE = 0.7  # Source: benchmarks/RESULTS.md, what was tried: the highest F
# Scores at which what stands apart is one word: thresholds above them are tried so too. Source: benchmarks/RESULTS.md, what was tried.
JOINED = Thresholds(link=0.25, low_text=0.35)
MOST_THREADS = 256  # ONNX Runtime starts as many as it is told to, however long that takes


@dataclass(frozen=True)
class Options:
    """How photos are looked at and read; the defaults are those of the command line."""

    size: int = LONGEST  # px, longest side of what the detector looks at: smaller is faster, and small print is missed
    thresholds: Thresholds = field(default_factory=Thresholds)  # scores from which something is a word
    enlarged: float = ENLARGED  # how many times smaller photos are enlarged, at most
    least_confidence: float = LEAST_CONFIDENCE  # in a word's letters, see `letter_confidence`; less sure ones are left out
    large: bool = True  # whether photos are looked at smaller too, for large letters
    tiled: bool = True  # whether photos much larger than `size` are looked at in tiles too
    threads: int = 0  # of the processor, 0: one a core

    @property
    def ways(self) -> tuple[Thresholds, ...]:
        """The thresholds by which words are sought: those at which letters that stand apart are joined, and the given ones."""
        given = self.thresholds
        lower = replace(given, link=min(given.link, JOINED.link), low_text=min(given.low_text, JOINED.low_text))
        return (given,) if lower == given else (lower, given)

    def __post_init__(self) -> None:
        if self.size < MULTIPLE:
            raise SynthgenError(f"--size: need {MULTIPLE} px or more, got {self.size}; leave it out for {LONGEST}")
        if not self.enlarged > 0:
            raise SynthgenError(f"--enlarged: need a number above 0, got {self.enlarged}; leave it out for {ENLARGED}")
        if not 0 <= self.least_confidence <= 1:
            raise SynthgenError(
                f"--least-confidence: need a number from 0 to 1, got {self.least_confidence}; leave it out for {LEAST_CONFIDENCE}"
            )
        if not 0 <= self.threads <= MOST_THREADS:
            raise SynthgenError(f"--threads: need 0 to {MOST_THREADS}, got {self.threads}; leave it out for one a core")
