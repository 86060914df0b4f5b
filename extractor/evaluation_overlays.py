"""Photos with what was read right, wrong and not at all, for people."""

from pathlib import Path, PurePosixPath

from extractor.metrics import Judged
from extractor.truth import TruePhoto
from synthgen.arrays import Image, Quads
from synthgen.draw import Layer, drawn
from synthgen.shards.storage import make_folder
from training.picture_files import save_picture, shrunk

LONGEST_PX = 1600  # of an overlay


class EvaluationOverlays:
    """Writes an overlay of each photo into a folder, numbered: photos of one name may come from several folders."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when the first is written."""
        self._folder, self.written = folder, 0

    def __call__(self, photo: TruePhoto, judged: Judged) -> None:
        """Write the overlay of a photo.

        Raises:
            SynthgenError: the file cannot be written.
        """
        make_folder(self._folder)
        self.written += 1
        final = self._folder / f"{self.written:05d}-{PurePosixPath(photo.name).stem}.png"
        save_picture(shrunk(overlay(photo.photo, judged), LONGEST_PX), final)


def overlay(photo: Image, judged: Judged) -> Image:
    """Return a photo `(h, w, 3)` with words outlined: right ones green, wrong texts or boxes orange, missed ones red, ignored ones grey.

    At each is what was read, behind it the truth where that is another; at missed ones the truth.
    """
    words, read = judged.words, judged.read
    found = set(judged.match.tolist())
    captions = [
        text if right or true < 0 else f"{text} ({words.texts[true]})"
        for text, right, true in zip(read.texts, judged.right, judged.match.tolist(), strict=True)
    ]
    wrong = [not right and not out for right, out in zip(judged.right, judged.left_out, strict=True)]
    missed = [k not in found and not ignored for k, ignored in enumerate(words.ignored.tolist())]
    layers = (
        _layer("ignored", words.quads, [""] * len(words.texts), words.ignored.tolist()),
        _layer("missed", words.quads, list(words.texts), missed),
        _layer("wrong", read.quads, captions, wrong),
        _layer("words", read.quads, captions, list(judged.right)),
    )
    return drawn(photo, layers)


def _layer(kind: str, quads: Quads, texts: list[str], shown: list[bool]) -> Layer:
    chosen = [k for k, show in enumerate(shown) if show]
    return Layer(kind, [quads[k] for k in chosen], chosen, [texts[k] for k in chosen])
