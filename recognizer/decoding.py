"""How readers are asked for text; free of what computes, so that commands start at once."""

from dataclasses import dataclass
from pathlib import Path

from synthgen.errors import SynthgenError

SHIPPED = Path(__file__).parent / "data" / "reader.keras"
BEAM = 10  # prefixes


@dataclass(frozen=True)
class Decoding:
    """How logits become text."""

    beam: int | None = None  # prefixes; None: greedy, and 10 with a lexicon
    lexicon: Path | None = None  # of product words
    ignore_case: bool = False  # of the lexicon

    def __post_init__(self) -> None:
        if self.ignore_case and self.lexicon is None:
            raise SynthgenError("--ignore-case: need --lexicon, whose case it is, got none; give one, or leave --ignore-case out")
