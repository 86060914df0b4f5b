"""A folder of photos as grounds of scenes: whole photos, larger than tiles of word crops, with the places that already hold text."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthgen.arrays import I64, U8, Quads
from synthgen.assets.marks import blob_quads
from synthgen.assets.photos import LEAST_SHORT_PX, Bank, Counts, Frame, Photo, notes_of, open_bank, scaled_quads, shrunk_mask
from synthgen.assets.tiles import Tiles, from_arrays

VERSION = 3  # raise it when tiles come out otherwise: it names the cache
SHORT_PX = 640  # the default scene; larger ones are enlarged
LONGEST_SIDES = 2  # long side in short sides: a scene sees one part, and a panorama's pixels would only fill the disk


@dataclass(frozen=True)
class SceneMarks:
    """Where photos already hold text: tile k has `quads[offsets[k]:offsets[k + 1]]`."""

    quads: Quads  # (m, 4, 2) tile px; may reach over the tile's edge
    offsets: I64  # (tiles + 1,)


def read_scene_photos(folder: Path, cache: Path) -> tuple[Tiles, SceneMarks, dict[str, int], list[str]]:
    """Return the photos in and below `folder`, one RGB tile each, where they hold text, and counts and messages as `read_photos` does.

    Places of text are the quads of regions.csv and the smallest rectangles round the blobs of a mask; see `read_photos` for both. The
    same photos are too small as there, so that what is told of one bank holds for both: enlarged, they are grounds out of focus.

    Raises:
        SynthgenError: as for `read_photos`.
    """
    arrays = open_bank(folder, cache, Bank(f"scene-photos-{VERSION}", SHORT_PX, LEAST_SHORT_PX, LONGEST_SIDES, _whole))
    marks = SceneMarks(np.array(arrays["quads"], dtype=np.float32), np.array(arrays["quad_offsets"], dtype=np.int64))
    return from_arrays(arrays), marks, *notes_of(arrays)


def _whole(photo: Photo, tile: U8, frame: Frame, counts: Counts) -> Iterator[tuple[U8, Quads]]:
    """Yield the photo as it is, with its quads and those of its mask; quads wholly outside the tile are gone with what they marked."""
    counts["read"] += 1
    quads = np.concatenate([scaled_quads(photo, frame), blob_quads(shrunk_mask(photo, frame))])
    inside = (quads.max(axis=1) > 0).all(axis=1) & (quads.min(axis=1) < np.array(frame.tile[::-1])).all(axis=1)
    yield tile, np.asarray(quads[inside], dtype=np.float32)
