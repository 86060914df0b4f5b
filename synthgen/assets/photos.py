"""A folder of photos as tiles: decoded once, kept in one mapped file, cut so that no tile holds the text that a photo already has."""

import json
import math
import os
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

from synthgen.arrays import U8, Bools, Quads
from synthgen.assets.cache import Arrays, digest, file_digest, is_kept, stored
from synthgen.assets.marks import draw_quads, free_rectangles, read_mask, read_regions, shrunk
from synthgen.assets.tiles import PIXELS, Tiles, arrays_of, flat_file, from_arrays, save, starts, to_bytes
from synthgen.errors import SynthgenError
from synthgen.pictures import ENDINGS
from synthgen.rgb import to_rgb

VERSION = 1  # raise it when tiles come out otherwise: it names the cache
WORD_BANK = "photos"  # what the digest of a folder stands for
TILE_SHORT_PX = 256  # short side of a tile: eight lines of 32 px
LEAST_SHORT_PX = 64  # of a photo: two lines
LONGEST_SIDES = 4  # long side of a tile, in short sides; the rest is cropped, equally at both ends
MASK_ENDING = ".mask.png"
REGIONS = "regions.csv"
NO_QUADS: Quads = np.zeros((0, 4, 2), dtype=np.float32)
COUNTS = ("read", "unreadable", "too_small", "too_large", "fully_masked", "masked_regions")
TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# what Pillow's decoders raise on broken files; MemoryError is none of them
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, NotImplementedError, struct.error, zlib.error)


@dataclass(frozen=True)
class Photo:
    """A picture file and what is known of the text in it."""

    path: Path
    name: str  # relative to the folder, with /
    mask: Path | None
    quads: Quads  # (n, 4, 2) px of the upright photo


@dataclass(frozen=True)
class Frame:
    """The part of a photo that becomes a tile, and the size it gets; all (height, width) of the upright photo."""

    whole: tuple[int, int]  # the photo, px
    first: tuple[float, float]  # top and left of the part, px of the photo
    part: tuple[float, float]  # its size, px of the photo
    tile: tuple[int, int]  # its size, px of the tile


Counts = Counter[str]
Parts = Callable[[Photo, U8, Frame, Counts], Iterator[tuple[U8, Quads]]]  # tiles cut out of a scaled photo, each with its marked quads


@dataclass(frozen=True)
class Bank:
    """One use of photos: how large they are kept, and in which parts."""

    name: str  # of its folder in the cache, with the version of what it does
    short_px: int  # short side of a scaled photo
    least_px: int  # short side of a photo that is large enough
    longest_sides: int  # long side of a scaled photo, in short sides; the rest is cropped, equally at both ends
    parts: Parts


def read_photos(folder: Path, cache: Path) -> tuple[Tiles, dict[str, int], list[str]]:
    """Return the photos in and below `folder` as RGB tiles, how many were read or dropped (COUNTS), and why each dropped one was.

    A photo that holds text is cut into the free rectangles round it: several tiles of one name. Where it does is told by a `photo.mask.png`
    beside `photo.jpg`, not zero on text, or by a `regions.csv` in the same folder; both in pixels of the photo as shown, turned as its EXIF
    data say. Pixels are mapped from `cache`; the photos are decoded again only when a file's name or bytes change.

    Raises:
        SynthgenError: no folder, no picture or no readable one in it, a faulty mask or regions.csv, or a cache that cannot be written.
    """
    arrays = open_bank(folder, cache, Bank(WORD_BANK, TILE_SHORT_PX, LEAST_SHORT_PX, LONGEST_SIDES, _free_parts))
    return from_arrays(arrays), *notes_of(arrays)


def open_bank(folder: Path, cache: Path, bank: Bank) -> Arrays:
    """Return the arrays of a bank's tiles, with `quads` (m, 4, 2) in tile px and `quad_offsets` (tiles + 1,), mapped from `cache`.

    Raises:
        SynthgenError: as for `read_photos`.
    """
    photos = _photos(folder)
    made_from = digest_of(folder)
    final = cache / f"{bank.name}-{digest(str(VERSION), PIL.__version__, made_from)}"  # another Pillow may decode otherwise
    if not is_kept(final):
        with stored(final) as scratch:
            _make(bank, photos, folder, made_from, scratch)
    return arrays_of(final)


def notes_of(arrays: Arrays) -> tuple[dict[str, int], list[str]]:
    """Return how many photos of a bank were read or dropped (COUNTS), and why each dropped one was."""
    notes = json.loads(arrays["notes"].tobytes())
    return dict(notes["counts"]), list(notes["messages"])


def digest_of(folder: Path) -> str:
    """Return 32 hex digits that change with the name or the bytes of any photo, mask or regions.csv in `folder`.

    Raises:
        SynthgenError: no such folder.
    """
    return digest(*(part for name in files_of(folder) for part in (os.fsencode(name), _bytes_digest(folder / name))))


def _bytes_digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return "unreadable"  # reading the photo fails again and is counted


def files_of(folder: Path) -> list[str]:
    """Return the photos, masks and regions.csv in `folder` and below, linked folders too, relative with /, in order of name."""
    if not folder.is_dir():
        raise SynthgenError(f"backgrounds {folder}: {'not a folder' if folder.exists() else 'no such folder'}; give a folder of photos")
    found, seen = [], set()
    for place, inner, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder that was walked, maybe a loop
            inner.clear()
            continue
        seen.add(real)
        inner.sort()  # which of two links comes first must not depend on the disk
        kept = [name for name in names if name.lower().endswith(ENDINGS) or name == REGIONS]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in kept]
    return sorted(found)


def _photos(folder: Path) -> list[Photo]:
    names = files_of(folder)
    masks = {name.lower().removesuffix(MASK_ENDING): name for name in names if name.lower().endswith(MASK_ENDING)}
    pictures = [name for name in names if name not in masks.values() and not name.endswith(REGIONS)]
    if not pictures:
        raise SynthgenError(
            f"backgrounds {folder}: need at least one picture ({', '.join(ENDINGS)}), got none; add some, or leave the folder out"
        )
    stray = sorted(set(masks) - {_stem(name) for name in pictures})
    if stray:
        raise SynthgenError(
            f"mask {folder / masks[stray[0]]}: need a photo of the same name beside it, got none; rename or remove the mask"
        )
    quads = _regions(folder, [name for name in names if name.endswith(REGIONS)], set(pictures))
    return [
        Photo(folder / name, name, folder / masks[_stem(name)] if _stem(name) in masks else None, quads.get(name, NO_QUADS))
        for name in pictures
    ]


def _stem(name: str) -> str:
    return name.rpartition(".")[0].lower()


def _regions(folder: Path, tables: list[str], pictures: set[str]) -> dict[str, Quads]:
    quads: dict[str, Quads] = {}
    for table in tables:
        for name, own in read_regions(folder / table).items():
            place = os.path.normpath((Path(table).parent / name).as_posix())
            if place not in pictures:
                raise SynthgenError(f"{folder / table}, column file: need a picture in the same folder, got {name!r}; mend the name")
            quads[place] = np.concatenate([quads[place], own]) if place in quads else own
    return quads


def _make(bank: Bank, photos: list[Photo], folder: Path, made_from: str, scratch: Path) -> None:
    counts, messages = Counter[str](), list[str]()
    names, sizes, marks = list[str](), list[tuple[int, int, int]](), [NO_QUADS]
    with flat_file(scratch / PIXELS) as file:
        for photo in photos:
            for tile, quads in _tiles_of(photo, bank, counts, messages):
                file.write(tile.tobytes())
                sizes.append((tile.shape[0], tile.shape[1], 3))
                names.append("photos/" + os.fsencode(photo.name).decode("utf-8", errors="replace"))  # it becomes a column of text
                marks.append(quads)
    if not names:
        raise SynthgenError(
            f"backgrounds {folder}: need at least one usable photo, got {dict(counts)}: {'; '.join(messages[:3])}; replace them"
        )
    tiles = Tiles(
        pixels=np.zeros(0, dtype=np.uint8),
        start=starts(sizes),
        size=np.array(sizes, dtype=np.int32)[:, :2],
        channels=np.full(len(sizes), 3, dtype=np.int32),
        family=np.zeros(len(sizes), dtype=np.int32),
        names=tuple(names),
        families=("photos",),
        digest=made_from if bank.name == WORD_BANK else digest(bank.name, made_from),
    )
    notes = to_bytes({"counts": {key: counts[key] for key in COUNTS}, "messages": messages})
    offsets = np.cumsum([len(quads) for quads in marks], dtype=np.int64)
    save(scratch, {**tiles.index(), "notes": notes, "quads": np.concatenate(marks), "quad_offsets": offsets})


def _tiles_of(photo: Photo, bank: Bank, counts: Counts, messages: list[str]) -> Iterator[tuple[U8, Quads]]:
    """Yield the tiles of a photo, `(h, w, 3)`, with their quads; what it is or why it is dropped is added to `counts` and `messages`."""
    try:
        picture, size = _decoded(photo.path, bank.short_px)
    except TOO_LARGE as error:
        counts["too_large"] += 1
        messages.append(f"{photo.name}: too large: {error}")
        return
    except UNREADABLE as error:
        counts["unreadable"] += 1
        messages.append(f"{photo.name}: cannot be read: {error or type(error).__name__}")
        return
    if min(size) < bank.least_px:
        counts["too_small"] += 1
        messages.append(f"{photo.name}: need a short side of at least {bank.least_px} px, got {min(size)}")
        return
    frame = _frame(size, bank)
    counts["masked_regions"] += len(photo.quads) + (photo.mask is not None)
    yield from bank.parts(photo, _scaled(picture, frame), frame, counts)


def _free_parts(photo: Photo, tile: U8, frame: Frame, counts: Counts) -> Iterator[tuple[U8, Quads]]:
    """Yield the parts of a photo that hold no text."""
    marked = shrunk_mask(photo, frame)
    draw_quads(marked, scaled_quads(photo, frame))
    if not marked.any():
        counts["read"] += 1
        yield tile, NO_QUADS
        return
    free = free_rectangles(marked)
    counts["read" if free else "fully_masked"] += 1
    for top, left, height, width in free:
        yield tile[top : top + height, left : left + width], NO_QUADS


def _decoded(path: Path, short_px: int) -> tuple[Image.Image, tuple[int, int]]:
    """Return a photo upright, in RGB, maybe smaller than it is but no smaller than a tile; and its own size (height, width)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata: the pixels are good all the same
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            whole = image.size
            image.draft(None, (short_px, short_px))  # a JPEG is decoded at 1/2, 1/4 or 1/8, in a fraction of the time
            drafted = image.size
            upright = ImageOps.exif_transpose(image)
            width, height = whole if upright.size == drafted else whole[::-1]
            return to_rgb(upright), (height, width)


def _frame(size: tuple[int, int], bank: Bank) -> Frame:
    """Return what becomes of a photo of this size: scaled to the bank's short side, never enlarged."""
    short = min(size)
    new = min(short, bank.short_px)
    part = tuple(min(side, bank.longest_sides * short) for side in size)
    tile = tuple((side * new + short // 2) // short for side in part)
    return Frame(size, ((size[0] - part[0]) / 2, (size[1] - part[1]) / 2), (part[0], part[1]), (tile[0], tile[1]))


def _scaled(picture: Image.Image, frame: Frame) -> U8:
    down, right = picture.height / frame.whole[0], picture.width / frame.whole[1]  # below 1 where a draft was decoded
    top, left, height, width = frame.first[0] * down, frame.first[1] * right, frame.part[0] * down, frame.part[1] * right
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    # BILINEAR, not LANCZOS: it mixes in no pixel further than one tile pixel away, which marks.SPREAD_PX counts on
    return np.asarray(picture.resize(frame.tile[::-1], Image.Resampling.BILINEAR, box=box))


def shrunk_mask(photo: Photo, frame: Frame) -> U8:
    """Return where a photo's mask says that a scaled photo holds text, 255, `(h, w)`; nowhere without a mask."""
    if photo.mask is None:
        return np.zeros(frame.tile, dtype=np.uint8)
    mask: Bools = read_mask(photo.mask, frame.whole)
    top, left = (int(first) for first in frame.first)
    bottom, right = (math.ceil(first + part) for first, part in zip(frame.first, frame.part, strict=True))
    return shrunk(mask[top:bottom, left:right], frame.tile)


def scaled_quads(photo: Photo, frame: Frame) -> Quads:
    """Return a photo's quads in px of the scaled photo, `(n, 4, 2)`; they may lie outside."""
    scale = np.array([frame.tile[1] / frame.part[1], frame.tile[0] / frame.part[0]], dtype=np.float32)
    return np.asarray((photo.quads - np.array(frame.first[::-1], dtype=np.float32)) * scale)
