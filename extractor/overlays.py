"""Photos with what was read on them, for people."""

from dataclasses import dataclass, field
from pathlib import Path

from extractor.page import Maps, Page
from extractor.photo_files import ReadFile
from extractor.regions import outline
from synthgen.arrays import Image
from synthgen.draw import Layer, drawn
from synthgen.errors import SynthgenError
from synthgen.pictures import ENDINGS
from synthgen.shards.storage import make_folder
from training.picture_files import save_picture, shrunk
from training.runs import fresh

PNG = ".png"
SURE = 0.85  # confidence in its letters below which a word is drawn like a wrong one
LONGEST_PX = 2400  # of an overlay: letters of 8 px on a photo of 48 megapixels would not be read anyway


def overlay(photo: Image, page: Page, maps: Maps | None = None) -> Image:
    """Return a photo `(h, w, 3)` with its words outlined and what was read above each; `maps` lie under them as heat."""
    layers = []
    for word in page.words:
        layers.append(Layer("words" if word.letter_confidence >= SURE else "wrong", [outline(word)], texts=[word.text]))
    return drawn(photo, layers, {"region": maps.region, "affinity": maps.affinity} if maps else None)


@dataclass
class Overlays:
    """Writes overlays to `place`: the one file of that name ending in .png, or a folder, numbered: photos of one name may come from two."""

    place: Path
    alone: Path | None  # the one photo that there is; None: several
    heat: bool  # whether the maps are shown
    written: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self._is_file:
            self._check_file()
        elif self.place.suffix.lower() in ENDINGS:
            raise SynthgenError(f"--overlay {self.place}: need a name that ends in {PNG}, or a folder, got another picture; mend it")
        else:
            fresh(self.place, "--overlay")

    def _check_file(self) -> None:
        if not self.alone:
            raise SynthgenError(f"--overlay {self.place}: need a folder for several photos, got the name of one; leave out {PNG}")
        if self.alone.resolve() == self.place.resolve():
            raise SynthgenError(f"--overlay {self.place}: need another file than the photo itself, got that; give another name")

    @property
    def _is_file(self) -> bool:
        return self.place.suffix.lower() == PNG

    def add(self, found: ReadFile) -> None:
        """Write the overlay of a photo.

        Raises:
            SynthgenError: the file cannot be written.
        """
        self.written += 1
        final = self.place if self._is_file else self.place / f"{self.written:05d}-{found.path.stem}{PNG}"
        make_folder(final.parent)
        save_picture(shrunk(overlay(found.photo, found.page, found.maps if self.heat else None), LONGEST_PX), final)
