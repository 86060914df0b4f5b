"""What a detector is built from; free of Keras, so that an exported detector is used without it."""

from dataclasses import asdict, dataclass

from synthgen.errors import SynthgenError

SLIMS = (1, 2, 4, 8)


@dataclass(frozen=True)
class DetectorOptions:
    """What a detector is built from; stored in its file."""

    slim: int = 1  # what the channels of every layer are divided by; 1: the paper's network, 2: a quarter of the work

    def __post_init__(self) -> None:
        if self.slim not in SLIMS:
            raise SynthgenError(f"--slim: need one of {', '.join(map(str, SLIMS))}, got {self.slim}; leave it out for the paper's network")

    def to_json(self) -> dict[str, int]:
        """Return the options as plain values."""
        return asdict(self)
