"""What photos without labels are good for, once they were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from extractor.mask import write_masks
from extractor.photo_files import PhotoFiles
from extractor.pseudo import Sureness, write_pseudo
from synthgen.errors import SynthgenError


@dataclass(frozen=True)
class Wanted:
    """What is to be made of photos, and where: pseudo labels, masks, or none of both."""

    pseudo_label: Path | None = None
    mask: Path | None = None
    sureness: Sureness | None = None  # of pseudo labels; None: the usual one
    beside: Sequence[str] = ()  # options given that show pages, which then are not shown

    def __post_init__(self) -> None:
        if self.sureness and not self.pseudo_label:
            raise SynthgenError("--sure, --sure-score, --sure-height: need --pseudo-label, got none; give it, or leave them out")
        chosen = [name for name, place in (("--mask", self.mask), ("--pseudo-label", self.pseudo_label)) if place]
        if chosen and (others := [*chosen[1:], *self.beside]):
            raise SynthgenError(f"{chosen[0]}: need it without {others[0]}, got both; run it again for the other")

    def __bool__(self) -> bool:
        """Return whether there is anything to make."""
        return bool(self.pseudo_label or self.mask)


def write_labels(photos: PhotoFiles, wanted: Wanted) -> list[str]:
    """Put pseudo labels, or masks, of photos into a folder; return the lines that tell what was made.

    Raises:
        SynthgenError: the folder holds something else, or cannot be written.
    """
    if wanted.mask:
        return write_masks(photos, wanted.mask).as_lines()
    return write_pseudo(photos, wanted.pseudo_label, wanted.sureness).as_lines() if wanted.pseudo_label else []
