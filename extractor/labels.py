"""What photos without labels are good for, once they were read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from extractor.mask import write_masks
from extractor.pseudo import Sureness, write_pseudo
from extractor.reading import Extractor
from synthgen.errors import SynthgenError


@dataclass(frozen=True)
class Wanted:
    """What is to be made of photos, and where; one of both."""

    pseudo_label: Path | None
    mask: Path | None
    sureness: Sureness = field(default_factory=Sureness)  # of pseudo labels

    def __post_init__(self) -> None:
        if self.pseudo_label and self.mask:
            raise SynthgenError("--mask: need it without --pseudo-label, got both; run it again for the other")


def write_labels(extractor: Extractor, paths: Sequence[Path], wanted: Wanted) -> tuple[list[str], list[str]]:
    """Put pseudo labels, or masks, of photos into a folder; return what is to be told of it, and of photos that could not be read.

    Raises:
        SynthgenError: the folder holds something else, or cannot be written.
    """
    if wanted.mask:
        masks = write_masks(extractor, paths, wanted.mask)
        return masks.as_lines(), masks.faults
    if wanted.pseudo_label:
        report = write_pseudo(extractor, paths, wanted.pseudo_label, wanted.sureness)
        return report.as_lines(), report.faults
    return [], []
