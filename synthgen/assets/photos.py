"""A folder of photos as tiles: decoded once, kept in one mapped file, cut so that no tile holds the text that a photo already has."""

import json
import math
import os
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

from synthgen.arrays import U8, Quads
from synthgen.assets.cache import digest, file_digest
from synthgen.assets.marks import draw_quads, free_rectangles, read_mask, read_regions, shrunk
from synthgen.assets.tiles import PIXELS, Tiles, arrays_of, flat_file, from_arrays, save, starts, stored, to_bytes
from synthgen.errors import SynthgenError

VERSION = 1  # raise it when tiles come out otherwise: it names the cache
TILE_SHORT_PX = 256  # short side of a tile: eight lines of 32 px
LEAST_SHORT_PX = 64  # of a photo: two lines
LONGEST_SIDES = 4  # long side of a tile, in short sides; the rest is cropped, equally at both ends
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MASK_ENDING = ".mask.png"
REGIONS = "regions.csv"
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

    first: tuple[float, float]  # top and left of the part, px of the photo
    part: tuple[float, float]  # its size, px of the photo
    tile: tuple[int, int]  # its size, px of the tile


def read_photos(folder: Path, cache: Path) -> tuple[Tiles, dict[str, int], list[str]]:
    """Return the photos in and below `folder` as RGB tiles, how many were read or dropped (COUNTS), and why each dropped one was.

    A photo that holds text is cut into the free rectangles round it: several tiles of one name. Where it does is told by a `photo.mask.png`
    beside `photo.jpg`, not zero on text, or by a `regions.csv` in the same folder; both in pixels of the photo as shown, turned as its EXIF
    data say. Pixels are mapped from `cache`; the photos are decoded again only when a file's name or bytes change.

    Raises:
        SynthgenError: no folder, no picture or no readable one in it, a faulty mask or regions.csv, or a cache that cannot be written.
    """
    photos = _photos(folder)
    made_from = digest_of(folder)
    final = cache / f"photos-{digest(str(VERSION), PIL.__version__, made_from)}"  # another Pillow may decode otherwise
    if not final.is_dir():
        with stored(final) as scratch:
            _make(photos, folder, made_from, scratch)
    arrays = arrays_of(final)
    notes = json.loads(arrays["notes"].tobytes())
    return from_arrays(arrays), dict(notes["counts"]), list(notes["messages"])


def digest_of(folder: Path) -> str:
    """Return 32 hex digits that change with the name or the bytes of any photo, mask or regions.csv in `folder`.

    Raises:
        SynthgenError: no such folder.
    """
    return digest(*(part for name in _files(folder) for part in (os.fsencode(name), _bytes_digest(folder / name))))


def _bytes_digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return "unreadable"  # reading the photo fails again and is counted


def _files(folder: Path) -> list[str]:
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
    names = _files(folder)
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
    none = np.zeros((0, 4, 2), dtype=np.float32)
    return [
        Photo(folder / name, name, folder / masks[_stem(name)] if _stem(name) in masks else None, quads.get(name, none))
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


def _make(photos: list[Photo], folder: Path, made_from: str, scratch: Path) -> None:
    counts, messages = Counter[str](), list[str]()
    names, sizes = list[str](), list[tuple[int, int, int]]()
    with flat_file(scratch / PIXELS) as file:
        for photo in photos:
            for tile in _tiles_of(photo, counts, messages):
                file.write(tile.tobytes())
                sizes.append((tile.shape[0], tile.shape[1], 3))
                names.append("photos/" + os.fsencode(photo.name).decode("utf-8", errors="replace"))  # it becomes a column of text
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
        digest=made_from,
    )
    notes = to_bytes({"counts": {key: counts[key] for key in COUNTS}, "messages": messages})
    save(scratch, {**tiles.index(), "notes": notes})


def _tiles_of(photo: Photo, counts: Counter[str], messages: list[str]) -> Iterator[U8]:
    """Yield the tiles of a photo, `(h, w, 3)`; what it is or why it is dropped is added to `counts` and `messages`."""
    try:
        picture, size = _decoded(photo.path)
    except TOO_LARGE as error:
        counts["too_large"] += 1
        messages.append(f"{photo.name}: too large: {error}")
        return
    except UNREADABLE as error:
        counts["unreadable"] += 1
        messages.append(f"{photo.name}: cannot be read: {error or type(error).__name__}")
        return
    if min(size) < LEAST_SHORT_PX:
        counts["too_small"] += 1
        messages.append(f"{photo.name}: need a short side of at least {LEAST_SHORT_PX} px, got {min(size)}")
        return
    frame = _frame(size)
    tile = _scaled(picture, size, frame)
    marked, regions = _marked(photo, size, frame)
    counts["masked_regions"] += regions
    if not marked.any():
        counts["read"] += 1
        yield tile
        return
    free = free_rectangles(marked)
    counts["read" if free else "fully_masked"] += 1
    for top, left, height, width in free:
        yield tile[top : top + height, left : left + width]


def _decoded(path: Path) -> tuple[Image.Image, tuple[int, int]]:
    """Return a photo upright, in RGB, maybe smaller than it is but no smaller than a tile; and its own size (height, width)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata: the pixels are good all the same
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            whole = image.size
            image.draft(None, (TILE_SHORT_PX, TILE_SHORT_PX))  # a JPEG is decoded at 1/2, 1/4 or 1/8, in a fraction of the time
            drafted = image.size
            upright = ImageOps.exif_transpose(image)
            width, height = whole if upright.size == drafted else whole[::-1]
            return _to_rgb(upright), (height, width)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion cuts off at 255
        image = Image.fromarray(np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known white")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image.convert("RGB")


def _frame(size: tuple[int, int]) -> Frame:
    """Return what becomes of a photo of this size: scaled to a short side of TILE_SHORT_PX, never enlarged."""
    short = min(size)
    new = min(short, TILE_SHORT_PX)
    part = tuple(min(side, LONGEST_SIDES * short) for side in size)
    tile = tuple((side * new + short // 2) // short for side in part)
    return Frame(((size[0] - part[0]) / 2, (size[1] - part[1]) / 2), (part[0], part[1]), (tile[0], tile[1]))


def _scaled(picture: Image.Image, size: tuple[int, int], frame: Frame) -> U8:
    down, right = picture.height / size[0], picture.width / size[1]  # below 1 where a draft was decoded
    top, left, height, width = frame.first[0] * down, frame.first[1] * right, frame.part[0] * down, frame.part[1] * right
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    # BILINEAR, not LANCZOS: it mixes in no pixel further than one tile pixel away, which marks.SPREAD_PX counts on
    return np.asarray(picture.resize(frame.tile[::-1], Image.Resampling.BILINEAR, box=box))


def _marked(photo: Photo, size: tuple[int, int], frame: Frame) -> tuple[U8, int]:
    """Return where a tile holds text, 255, `(h, w)`, and how many quads and masks said so."""
    marked = np.zeros(frame.tile, dtype=np.uint8)
    if photo.mask is not None:
        mask = read_mask(photo.mask, size)
        top, left = (int(first) for first in frame.first)
        bottom, right = (math.ceil(first + part) for first, part in zip(frame.first, frame.part, strict=True))
        marked |= shrunk(mask[top:bottom, left:right], frame.tile)
    scale = np.array([frame.tile[1] / frame.part[1], frame.tile[0] / frame.part[0]], dtype=np.float32)
    draw_quads(marked, (photo.quads - np.array(frame.first[::-1], dtype=np.float32)) * scale)
    return marked, len(photo.quads) + (photo.mask is not None)
