"""Masks of the text that background photos already hold, so that `synthgen render --backgrounds` renders none over it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from extractor.photo_files import MASK_ENDING, PhotoFiles, ReadFile
from extractor.regions import faint, filled, outline
from synthgen.arrays import U8
from synthgen.errors import SynthgenError
from synthgen.pictures import ENDINGS
from synthgen.shards.storage import make_folder, mendable
from training.picture_files import save_picture

MARGIN_SHARE = 0.004  # of a photo's longer side: what a mask reaches beyond letters; region scores fade before their edges


@dataclass
class MaskReport:
    """What was made of photos."""

    out: Path
    masked: int = 0  # photos with text
    free: int = 0  # photos without
    words: int = 0
    faults: list[str] = field(default_factory=list)  # a line for each photo that could not be read

    def as_lines(self) -> list[str]:
        """Return the counts for people, and what can be done next."""
        told = f"{self.masked:,} photos with masks of {self.words:,} words and what else may be letters, {self.free:,} free of text"
        unreadable = f", {len(self.faults):,} not readable" if self.faults else ""
        return [f"{self.out}: {told}{unreadable}", f"Next: look at some, then synthgen render --backgrounds {self.out} --out shards"]


def write_masks(photos: PhotoFiles, out: Path) -> MaskReport:
    """Write a mask `photo.mask.png`, 255 where there is text, beside each photo in `out` that holds some; return what came of it.

    Photos that lie in `out` already stay as they are; others are copied there first, numbered, as they may have one name. So `out` is
    what `synthgen render --backgrounds` reads: those that cannot be read are not in it, and those without text have no mask.

    Raises:
        SynthgenError: a photo in `out` has a mask already, two there would share one, or it cannot be written.
    """
    report = MaskReport(out)
    _check(photos.paths, out)
    make_folder(out)
    for found in photos:
        if isinstance(found, str):
            report.faults.append(found)
            continue
        final = _placed(found, report)
        marked = mask_of(found)
        report.words += len(found.page.words)
        report.masked += bool(marked.any())
        report.free += not marked.any()
        if marked.any():
            save_picture(np.repeat(marked[:, :, None], 3, axis=2), _mask_path(final))
    return report


def mask_of(found: ReadFile) -> U8:
    """Return a picture as large as the photo, `(h, w)`, 255 on its words and on whatever else may be letters, with a margin."""
    page = found.page
    marked = filled(map(outline, page.words), (page.height, page.width))
    marked[faint(page, found.maps)] = 255
    reach = max(round(MARGIN_SHARE * max(page.height, page.width)), 1)
    return np.asarray(cv2.dilate(marked, np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)), dtype=np.uint8)


def _check(paths: Sequence[Path], out: Path) -> None:
    """Refuse, before hours are spent, what would end in a mask that belongs to another photo."""
    stems: dict[Path, Path] = {}
    for path in paths:
        if not _is_within(path, out):
            continue
        mask = _mask_path(path)
        if mask.exists():
            raise SynthgenError(f"{mask}: need a photo without a mask, got one that has it; remove it, or give --mask another folder")
        other = stems.setdefault(mask, path)
        if other != path:
            raise SynthgenError(f"{mask}: need one photo that it is of, got {other.name} and {path.name}; rename one of them")
    if out.is_dir() and any(out.iterdir()) and not any(_is_within(path, out) for path in paths):
        raise SynthgenError(f"{out}: need an empty folder, or the one that the photos are in, got files; give another --mask, or empty it")


def _is_within(path: Path, out: Path) -> bool:
    return out.resolve() in path.resolve().parents


def _placed(found: ReadFile, report: MaskReport) -> Path:
    """Return where a photo lies in `out`, copied there if it did not."""
    if _is_within(found.path, report.out):
        return found.path
    final = report.out / f"{report.masked + report.free + 1:05d}-{found.path.name}"
    if final.suffix.lower() not in ENDINGS:  # no folder of backgrounds is read for others
        save_picture(found.photo, final.with_suffix(".png"))
        return final.with_suffix(".png")
    with mendable(final):
        shutil.copyfile(found.path, final)
    return final


def _mask_path(photo: Path) -> Path:
    return photo.with_name(f"{photo.stem}{MASK_ENDING}")
