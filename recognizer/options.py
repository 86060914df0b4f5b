"""What a reader is built from; free of Keras, so that an exported reader is used without it."""

from dataclasses import asdict, dataclass
from typing import Literal

from recognizer.prepare import WIDTH, Fit, prepare
from synthgen.alphabet import PRINTABLE_92
from synthgen.arrays import U8
from synthgen.errors import SynthgenError

LEAST_WIDTH = 16  # px; three steps


@dataclass(frozen=True)
class ReaderOptions:
    """What a reader is built from; stored in its file."""

    classes: int = len(PRINTABLE_92) + 1  # class 0 is the blank
    rectify: Literal["none", "stn"] = "none"
    head: Literal["ctc", "attention"] = "ctc"
    width: int = WIDTH  # px, of prepared pictures
    fit: Fit = "stretch"  # how pictures come to that width

    def __post_init__(self) -> None:
        if self.rectify not in ("none", "stn"):
            raise SynthgenError(f"--rectify: need none or stn, got {self.rectify!r}; leave it out for none")
        if self.head not in ("ctc", "attention"):
            raise SynthgenError(f"--head: need ctc or attention, got {self.head!r}; leave it out for ctc")
        if self.fit not in ("stretch", "pad"):
            raise SynthgenError(f"--fit: need stretch or pad, got {self.fit!r}; leave it out for stretch")
        if self.width % 4 or self.width < LEAST_WIDTH:
            raise SynthgenError(f"--width: need a multiple of 4, {LEAST_WIDTH} or more, got {self.width}; take {WIDTH}")

    @property
    def steps(self) -> int:
        """Time steps of the features, `width / 4 - 1`: the longest label, with a step between equal neighbours."""
        return self.width // 4 - 1

    @property
    def positions(self) -> int:
        """Rows of the logits: the steps, and with the attention head one more for the end of the text."""
        return self.steps + (self.head == "attention")

    def prepared(self, image: U8) -> U8:
        """Return a word's picture, RGB `(h, w, 3)` or grey `(h, w)`, as this reader takes it, grey `(32, width)`."""
        return prepare(image, self.width, self.fit)

    def to_json(self) -> dict[str, int | str]:
        """Return the options as plain values."""
        return asdict(self)
