"""Photos with what was read on them, for people."""

from dataclasses import dataclass, field
from pathlib import Path

from extractor.page import Maps, Page
from synthgen.arrays import Image
from synthgen.draw import Layer, drawn
from synthgen.errors import SynthgenError
from synthgen.shards.storage import make_folder
from training.picture_files import save_picture, shrunk

PNG = ".png"
SURE = 0.85  # confidence in its letters below which a word is drawn like a wrong one
LONGEST_PX = 2400  # of an overlay: letters of 8 px on a photo of 48 megapixels would not be read anyway


def overlay(photo: Image, page: Page, maps: Maps | None = None) -> Image:
    """Return a photo `(h, w, 3)` with its words outlined and what was read above each; `maps` lie under them as heat."""
    layers = []
    for word in page.words:
        outline = word.quad if word.polygon is None else word.polygon
        layers.append(Layer("words" if word.letter_confidence >= SURE else "wrong", [outline], texts=[word.text]))
    return drawn(photo, layers, {"region": maps.region, "affinity": maps.affinity} if maps else None)


@dataclass
class Overlays:
    """Writes overlays to `place`: the one file of that name ending in .png, or a folder, numbered: photos of one name may come from two."""

    place: Path
    alone: bool  # whether there is one photo only
    written: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not self.alone and self.place.suffix.lower() == PNG:
            raise SynthgenError(f"--overlay {self.place}: need a folder for several photos, got the name of one; leave out {PNG}")

    def add(self, photo: Path, picture: Image) -> None:
        """Write the overlay of a photo.

        Raises:
            SynthgenError: the file cannot be written.
        """
        self.written += 1
        one = self.alone and self.place.suffix.lower() == PNG
        final = self.place if one else self.place / f"{self.written:05d}-{photo.stem}{PNG}"
        make_folder(final.parent)
        save_picture(shrunk(picture, LONGEST_PX), final)
