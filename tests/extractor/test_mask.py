"""Masks of background photos: synthgen reads them as they are written, and renders no text over what they mark."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from extractor.mask import write_masks
from extractor.photo_files import PhotoFiles
from synthgen import read_picture
from synthgen.arrays import Image
from synthgen.assets.photos import read_photos
from synthgen.assets.scene_photos import read_scene_photos
from synthgen.errors import SynthgenError
from tests.extractor.painted import blank, extractor, paint


def packed() -> Image:
    """Return a photo with a word at its upper left, on grey that is no text."""
    photo = blank(256, 512)
    photo[:, :, 2] = 3
    paint(photo, (20, 30), (30, 60), "KRAFT")
    photo[200:220, 400:440, 0] = 166  # faint: 0.65, below a word's 0.7
    photo[200:220, 100:440:2, 0] = np.maximum(photo[200:220, 100:440:2, 0], 25)  # too faint to be a letter
    return photo


def saved(path: Path, photo: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), photo[:, :, ::-1])
    return path


def test_synthgen_renders_over_no_text_that_a_mask_marks(tmp_path: Path) -> None:
    paths = [saved(tmp_path / "in" / "pack.png", packed()), saved(tmp_path / "in" / "wall.png", blank(256, 256))]
    report = write_masks(PhotoFiles(extractor(), paths), tmp_path / "out")
    assert (report.masked, report.free, report.words, report.faults) == (1, 1, 1, [])
    tiles, counts, messages = read_photos(tmp_path / "out", tmp_path / "cache")
    assert (counts["read"], counts["masked_regions"], messages) == (2, 1, [])
    assert len(tiles.names) > 2  # the pack in parts round its text
    pixels = [tiles.pixels[start : start + h * w * 3] for start, (h, w) in zip(tiles.start, tiles.size, strict=False)]
    assert max(int(part.reshape(-1, 3)[:, 0].max()) for part in pixels) <= 25  # red is where letters are


def test_scenes_are_told_where_a_photo_holds_text(tmp_path: Path) -> None:
    write_masks(PhotoFiles(extractor(), [saved(tmp_path / "in" / "pack.png", packed())]), tmp_path / "out")
    _, marks, _, _ = read_scene_photos(tmp_path / "out", tmp_path / "cache")
    assert len(marks.quads) == 2
    word = marks.quads[marks.quads.min(axis=(1, 2)).argmin()]
    assert word.min(axis=0) == pytest.approx([20, 30], abs=8) and word.max(axis=0) == pytest.approx([80, 60], abs=8)


def test_a_mask_covers_words_and_faint_letters_with_a_margin_and_little_else(tmp_path: Path) -> None:
    write_masks(PhotoFiles(extractor(), [saved(tmp_path / "in" / "pack.png", packed())]), tmp_path / "out")
    marked = read_picture(tmp_path / "out" / "00001-pack.mask.png")[:, :, 0] > 0
    assert marked.shape == (256, 512) and marked[28:62, 18:82].all() and marked[199:221, 399:441].all()
    assert marked.mean() < 0.05


def test_photos_in_the_folder_itself_get_masks_beside_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "inner" / "pack.png", packed())
    write_masks(PhotoFiles(extractor(), [path]), tmp_path)
    assert sorted(one.name for one in path.parent.iterdir()) == ["pack.mask.png", "pack.png"]
    with pytest.raises(SynthgenError, match=r"pack.mask.png: need a photo without a mask, got one that has it; remove it"):
        write_masks(PhotoFiles(extractor(), [path]), tmp_path)


def test_two_photos_that_would_share_a_mask_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"pack.{ending}", packed()) for ending in ("png", "bmp")]
    with pytest.raises(SynthgenError, match=r"pack.mask.png: need one photo that it is of, got pack.png and pack.bmp; rename one"):
        write_masks(PhotoFiles(extractor(), paths), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "out" / "old.png", packed())
    with pytest.raises(SynthgenError, match="need an empty folder, or the one that the photos are in, got files"):
        write_masks(PhotoFiles(extractor(), [saved(tmp_path / "in" / "pack.png", packed())]), tmp_path / "out")


def test_broken_photos_are_counted_and_not_copied(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    report = write_masks(PhotoFiles(extractor(), [bad, saved(tmp_path / "in" / "pack.png", packed())]), tmp_path / "out")
    assert len(report.faults) == 1 and "bad.png: cannot be read" in report.faults[0]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00001-pack.mask.png", "00001-pack.png"]
    assert report.as_lines() == [
        f"{tmp_path / 'out'}: 1 photos with masks of 1 words and what else may be letters, 0 free of text, 1 not readable",
        f"Next: look at some, then synthgen render --backgrounds {tmp_path / 'out'} --out shards",
    ]


def test_a_photo_in_a_form_that_backgrounds_are_not_read_in_becomes_png(tmp_path: Path) -> None:
    path = saved(tmp_path / "in" / "pack.png", packed())
    odd = path.rename(path.with_suffix(".picture"))
    write_masks(PhotoFiles(extractor(), [odd]), tmp_path / "out")
    assert np.array_equal(read_picture(tmp_path / "out" / "00001-pack.png"), packed())
    assert (tmp_path / "out" / "00001-pack.mask.png").is_file()
