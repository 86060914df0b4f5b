from pathlib import Path

import numpy as np
import pytest

from synthgen.assets.cache import stored
from synthgen.assets.tiles import PIXELS, Tiles, flat_file, from_arrays, join, opened, save, starts
from synthgen.errors import SynthgenError


def make_tiles(family: str, sizes: list[tuple[int, int, int]], tone: int) -> Tiles:
    count = sum(height * width * channels for height, width, channels in sizes)
    return Tiles(
        pixels=((np.arange(count) + tone) % 251).astype(np.uint8),
        start=starts(sizes),
        size=np.array(sizes, dtype=np.int32)[:, :2],
        channels=np.array(sizes, dtype=np.int32)[:, 2],
        family=np.zeros(len(sizes), dtype=np.int32),
        names=tuple(f"{family}/{k}" for k in range(len(sizes))),
        families=(family,),
        digest=f"{family}{tone}",
    )


PARTS = (make_tiles("texture", [(4, 6, 1), (3, 3, 1)], 0), make_tiles("photos", [(5, 2, 3)], 7), make_tiles("texture", [(2, 2, 1)], 90))


@pytest.mark.parametrize("mapped", [False, True])
def test_joined_tiles_equal_their_parts(tmp_path: Path, mapped: bool) -> None:
    joined = join(PARTS, tmp_path if mapped else None)
    alone = [(part.picture(k), part.names[k], part.families[part.family[k]]) for part in PARTS for k in range(len(part))]
    assert len(joined) == len(alone) == 4
    for k, (picture, name, family) in enumerate(alone):
        np.testing.assert_array_equal(joined.picture(k), picture)
        assert (joined.names[k], joined.families[joined.family[k]]) == (name, family)
    assert joined.families == ("texture", "photos")


def test_a_mapped_join_is_made_once(tmp_path: Path) -> None:
    first = join(PARTS, tmp_path)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = join(PARTS, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == made
    assert again.digest == first.digest != join(PARTS[::-1], tmp_path).digest


def test_one_part_is_returned_as_it_is_and_none_is_refused() -> None:
    assert join(PARTS[:1]) is PARTS[0]
    with pytest.raises(ValueError, match="at least one part"):
        join([])


def test_tiles_survive_a_cache_folder(tmp_path: Path) -> None:
    tiles = PARTS[0]
    with stored(tmp_path / "kept") as scratch:
        save(scratch, {**tiles.index(), "pixels": tiles.pixels})
    kept = opened(tmp_path / "kept")
    assert (kept.names, kept.families, kept.digest) == (tiles.names, tiles.families, tiles.digest)
    np.testing.assert_array_equal(kept.picture(1), tiles.picture(1))
    np.testing.assert_array_equal(from_arrays({**tiles.index(), "pixels": tiles.pixels}).start, tiles.start)


@pytest.mark.parametrize("count", [0, 1, 99, 12_345])
def test_a_flat_file_is_an_array_that_can_be_mapped(tmp_path: Path, count: int) -> None:
    data = np.arange(count, dtype=np.uint32).astype(np.uint8)
    with flat_file(tmp_path / PIXELS) as file:
        for piece in np.array_split(data, 3):
            file.write(piece.tobytes())
    np.testing.assert_array_equal(np.load(tmp_path / PIXELS, mmap_mode="r" if count else None), data)


def test_a_failed_store_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"cache .*: cannot be written: .*disk full.*--cache"), stored(tmp_path / "tiles") as scratch:
        (scratch / "half").write_bytes(b"x")
        raise OSError("disk full")
    assert list(tmp_path.iterdir()) == []
