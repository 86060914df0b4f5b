"""The files of scenes: pictures as JPEG, heat maps as PNG, each in its own column."""

import cv2
import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import I64, U8
from synthgen.scene.pieces import Truth
from synthgen.scene_renderer import Scene, scene_rows


def scene(index: int) -> Scene:
    """Return a scene of one word; its maps are slopes with hills, as Gaussians are."""
    rows, columns = np.mgrid[:20, :30]
    region = np.clip(255 - 9 * np.hypot(rows - 9 - index, columns - 11), 0, 255).astype(np.uint8)
    quads = np.zeros((2, 4, 2), dtype=np.float32)
    truth = Truth(
        word_text=("ab",),
        word_quads=quads[:1],
        polygons=(quads[0],),
        word_line=np.zeros(1, dtype=np.int32),
        word_face=np.zeros(1, dtype=np.int32),
        word_visible=np.ones(1, dtype=np.float32),
        word_ignore=np.zeros(1, dtype=np.bool_),
        char_codes=Alphabet().encode("ab"),
        char_word=np.zeros(2, dtype=np.int32),
        char_quads=quads,
        char_visible=np.ones(2, dtype=np.float32),
    )
    picture = np.zeros((40, 60, 3), dtype=np.uint8)
    picture[:, :, 0] = 200  # blue first
    return Scene(index, picture, truth, region, np.ascontiguousarray(region[::-1]), 0, 95, {})


def decoded(files: U8, offsets: I64, row: int) -> U8:
    return np.asarray(cv2.imdecode(files[offsets[row] : offsets[row + 1]], cv2.IMREAD_UNCHANGED), dtype=np.uint8)


def test_each_scene_has_its_own_picture_and_maps() -> None:
    scenes = [scene(index) for index in range(3)]
    rows = scene_rows(scenes, Alphabet(), 1)
    for k, one in enumerate(scenes):
        assert np.array_equal(decoded(rows.region, rows.region_offsets, k), one.region)
        assert np.array_equal(decoded(rows.affinity, rows.affinity_offsets, k), one.affinity)
        assert np.abs(decoded(rows.jpeg, rows.jpeg_offsets, k).astype(int) - one.picture).max() < 4
    assert rows.char_text.tobytes() == b"ab" * 3
    assert rows.char_text_offsets.tolist() == list(range(7))
