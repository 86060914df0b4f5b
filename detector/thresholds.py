"""From which scores on something is a word; free of what computes, so that commands start at once."""

from dataclasses import dataclass

from synthgen.errors import SynthgenError

MOST_GROWTH = 10.0  # words would be all margin


@dataclass(frozen=True)
class Thresholds:
    """Scores, 0 to 1, above which something is there, and what is added round it. Source of the scores: test.py of CRAFT's authors."""

    text: float = 0.7  # of a word's best px
    link: float = 0.4  # of the affinity between characters of one word
    low_text: float = 0.4  # of a px that is part of a character
    # How much a word grows beyond those px, by the root of their mean height. Differs: the authors' 2 makes rectangles 14 % too high on
    # maps as `heat_maps` draws them: median IoU with the true quads of 40 scenes .77, here .84.
    growth: float = 1.5

    def __post_init__(self) -> None:
        for name, value in (("--text", self.text), ("--link", self.link), ("--low-text", self.low_text)):
            if not 0 <= value <= 1:
                raise SynthgenError(f"{name}: need a score from 0 to 1, got {value}; leave it out for the authors' own")
        if self.low_text > self.text:
            raise SynthgenError(f"--low-text: need at most --text, {self.text}, got {self.low_text}; lower it, or raise --text")
        if not 0 <= self.growth <= MOST_GROWTH:
            raise SynthgenError(f"--growth: need a number from 0 to {MOST_GROWTH:g}, got {self.growth}; the authors' is 2")
