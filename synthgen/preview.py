"""A look before a long run: some samples on one sheet, and what the whole would take."""

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from synthgen.arrays import Image
from synthgen.assets.studio import Opened
from synthgen.draw import contact_sheet, drawn, word_layers
from synthgen.errors import SynthgenError
from synthgen.renderer import Renderer
from synthgen.scene.words import render_words
from synthgen.scene_renderer import ScenePainter, encoded_scenes
from synthgen.scene_sheet import scene_sheet
from synthgen.shards.storage import need_here

ENDINGS = (".png", ".jpg")
ENLARGED = 2  # so that quads can be told from ink
MEASURED = 2_000  # samples timed
MEASURED_SCENES = 60


@dataclass(frozen=True)
class Estimate:
    """What rendering takes here, measured on one core."""

    images_per_second: float  # words, or scenes
    bytes_per_image: float

    def hours(self, n: int, workers: int) -> float:
        """Return hours for n images with `workers` cores."""
        return n / self.images_per_second / workers / 3600


def sheet(opened: Opened, seed: int, count: int, *, quads: bool) -> Image:
    """Return the first `count` samples on a contact sheet, labelled, with their character quads or without."""
    block = render_words(opened.studio, seed, np.arange(count, dtype=np.uint64))
    rows = range(count)
    pictures = [drawn(block.picture(row), word_layers(block.char_quads(row) if quads else ()), enlarge=ENLARGED) for row in rows]
    return contact_sheet(pictures, [block.text(row) for row in rows])


def measure(opened: Opened, seed: int) -> Estimate:
    """Return speed and size of encoded samples, from MEASURED of them."""
    renderer = Renderer(opened, seed)
    for _ in renderer.words(0, 2):  # compiled code is loaded
        pass
    began = time.perf_counter()
    size = sum(len(rows.jpeg) for rows, _ in renderer.words(0, MEASURED))
    return Estimate(MEASURED / (time.perf_counter() - began), size / MEASURED)


def sheet_of_scenes(painter: ScenePainter, count: int) -> Image:
    """Return the first `count` scenes with quads and heat maps."""
    return scene_sheet([painter.scene(index) for index in range(count)])


def measure_scenes(opened: Opened, painter: ScenePainter) -> Estimate:
    """Return speed and size of encoded scenes, from MEASURED_SCENES of them."""
    began = time.perf_counter()
    span = range(MEASURED_SCENES)
    size = sum(
        len(rows.jpeg) + len(rows.region) + len(rows.affinity) for rows, _ in encoded_scenes(painter, span, opened.studio.alphabet, 0)
    )
    return Estimate(MEASURED_SCENES / (time.perf_counter() - began), size / MEASURED_SCENES)


def check_ending(path: Path) -> None:
    """Check that a picture may be called so, before it is made.

    Raises:
        SynthgenError: it may not.
    """
    need_here(path)
    if path.suffix.lower() not in ENDINGS:
        raise SynthgenError(
            f"--out {path}: need a file ending in {' or '.join(ENDINGS)}, got {path.suffix or 'none'!r}; name it preview.png"
        )


def save(picture: Image, path: Path) -> None:
    """Write an RGB picture as PNG or JPEG, as the file's ending says.

    Raises:
        SynthgenError: another ending, or the file cannot be written.
    """
    check_ending(path)
    try:
        path.write_bytes(cv2.imencode(path.suffix.lower(), picture[:, :, ::-1])[1].tobytes())
    except OSError as error:
        raise SynthgenError(f"{path}: cannot be written: {error}; give another file with --out") from error
