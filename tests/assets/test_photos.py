from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image as Pictures

from synthgen.arrays import U8, Bools
from synthgen.assets.marks import COLUMNS, FREE_MOST, draw_quads, free_rectangles, largest_free, shrunk
from synthgen.assets.photos import TILE_SHORT_PX, _decoded, digest_of, read_photos
from synthgen.errors import SynthgenError

MAGENTA = (255, 0, 255)
HEADER = ",".join(("file", *COLUMNS, "text"))


def ramp_photo(height: int = 96, width: int = 128) -> U8:
    """Green grows down, blue grows right, red stays below 100: nothing of it is magenta."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([y * 0 + 40, 60 + y * 150 // height, x * 90 // width], axis=-1).astype(np.uint8)


def put(path: Path, picture: U8, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pictures.fromarray(picture).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_photos_become_tiles_in_order_of_name(folder: Path, cache: Path) -> None:
    put(folder / "b.png", ramp_photo())
    put(folder / "sub" / "C.BMP", ramp_photo(300, 400))
    put(folder / "a.png", ramp_photo(70, 1000))
    tiles, counts, messages = read_photos(folder, cache)
    assert tiles.names == ("photos/a.png", "photos/b.png", "photos/sub/C.BMP")
    assert tiles.size.tolist() == [[70, 280], [96, 128], [256, 341]]  # cropped to four short sides; as it is; scaled
    np.testing.assert_array_equal(tiles.picture(1), ramp_photo())
    np.testing.assert_array_equal(tiles.picture(0), ramp_photo(70, 1000)[:, 360:640])  # the middle
    assert (counts["read"], sum(counts.values()), messages) == (3, 3, [])


def test_scaling_keeps_places(folder: Path, cache: Path) -> None:
    put(folder / "large.jpg", ramp_photo(1536, 2100), quality=95)  # decoded at a fraction of its size
    tiles, _, _ = read_photos(folder, cache)
    assert tiles.size.tolist() == [[256, 350]]
    np.testing.assert_allclose(tiles.picture(0).astype(float), ramp_photo(256, 350).astype(float), atol=4)


@pytest.mark.parametrize("short", [255, 256, 300, 511, 512, 1100, 2047])
def test_no_photo_is_decoded_smaller_than_its_tile(folder: Path, short: int) -> None:
    picture, size = _decoded(put(folder / "a.jpg", ramp_photo(short + 40, short)), TILE_SHORT_PX)
    assert size == (short + 40, short)
    assert min(picture.size) >= min(short, TILE_SHORT_PX)


def as_rgba(path: Path) -> U8:
    clear = np.dstack([ramp_photo(), np.full((96, 128), 255, dtype=np.uint8)])
    clear[:48, :, 3] = 0
    put(path.with_suffix(".png"), clear)
    return np.where(clear[..., 3:] == 0, np.uint8(255), ramp_photo())


def as_grey(path: Path) -> U8:
    put(path.with_suffix(".png"), ramp_photo()[..., 1])
    return np.repeat(ramp_photo()[..., 1:2], 3, axis=2)


def as_16_bit(path: Path) -> U8:
    put(path.with_suffix(".png"), ramp_photo()[..., 1].astype(np.uint16) * 256 + 77)  # type: ignore[arg-type]
    return np.repeat(ramp_photo()[..., 1:2], 3, axis=2)


def as_cmyk(path: Path) -> U8:
    Pictures.fromarray(ramp_photo()).convert("CMYK").save(path.with_suffix(".tif"))
    return ramp_photo()


def as_palette(path: Path) -> U8:
    levels = (ramp_photo()[..., 1] // 32 * 32).astype(np.uint8)
    Pictures.fromarray(levels).convert("P").save(path.with_suffix(".gif"))
    return np.repeat(levels[..., None], 3, axis=2)


def as_turned(path: Path) -> U8:
    exif = Pictures.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise when shown
    Pictures.fromarray(np.rot90(ramp_photo())).save(path.with_suffix(".png"), exif=exif)
    return ramp_photo()


@pytest.mark.parametrize("save", [as_rgba, as_grey, as_16_bit, as_cmyk, as_palette, as_turned])
def test_odd_kinds_of_picture_become_rgb(folder: Path, cache: Path, save: object) -> None:
    folder.mkdir()
    assert callable(save)
    expected = save(folder / "photo")
    tiles, counts, messages = read_photos(folder, cache)
    assert (counts["read"], messages) == (1, [])
    np.testing.assert_allclose(tiles.picture(0).astype(int), np.asarray(expected).astype(int), atol=1)


def test_what_cannot_be_used_is_counted_and_named(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "good.png", ramp_photo())
    put(folder / "small.png", ramp_photo(63, 300))
    put(folder / "bomb.png", np.zeros((200, 200), dtype=np.uint8))
    (folder / "noise.jpg").write_bytes(b"no picture")
    whole = put(folder / "cut.jpg", ramp_photo(150, 150)).read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    monkeypatch.setattr(Pictures, "MAX_IMAGE_PIXELS", 30_000)
    tiles, counts, messages = read_photos(folder, cache)
    assert tiles.names == ("photos/good.png",)
    assert counts == {"read": 1, "unreadable": 3, "too_small": 1, "too_large": 1, "fully_masked": 0, "masked_regions": 0}
    assert [message.split(":")[0] for message in messages] == ["bomb.png", "cut.jpg", "gone.png", "noise.jpg", "small.png"]
    assert read_photos(folder, cache)[1:] == (counts, messages)  # told again from the cache


def test_a_cache_is_used_until_a_byte_changes(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "a.png", ramp_photo())
    before, made = digest_of(folder), read_photos(folder, cache)[0]
    with monkeypatch.context() as patch:
        patch.setattr("synthgen.assets.photos._decoded", lambda *_: pytest.fail("decoded again"))
        np.testing.assert_array_equal(read_photos(folder, cache)[0].pixels, made.pixels)
    changed = ramp_photo()
    changed[0, 0] = 0
    put(folder / "a.png", changed)
    assert digest_of(folder) != before == made.digest
    np.testing.assert_array_equal(read_photos(folder, cache)[0].picture(0), changed)


def test_linked_folders_are_read_once(folder: Path, cache: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "a.png", ramp_photo())
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(folder)
    assert read_photos(folder, cache)[0].names == ("photos/link/a.png",)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("way", "size"), [*product(["regions", "mask"], [(200, 300), (700, 900), (256, 1500)])])
def test_no_tile_pixel_comes_from_marked_text(folder: Path, cache: Path, way: str, size: tuple[int, int], turned: bool) -> None:
    height, width = size
    picture, mask = ramp_photo(height, width), np.zeros(size, dtype=np.uint8)
    left = width * 2 // 5
    quad = np.array([[left, 30], [left + 90, 41], [left + 86, 97], [left - 7, 80]], dtype=np.float32)
    draw_quads(mask, quad[None])
    picture[mask > 0] = MAGENTA
    exif = Pictures.Exif()
    exif[0x0112] = 6 if turned else 1
    put(folder / "shelf.png", np.rot90(picture) if turned else picture, exif=exif)
    if way == "mask":
        put(folder / "shelf.mask.png", mask // 255)
    else:
        numbers = ",".join(str(n) for n in quad.ravel())
        (folder / "regions.csv").write_text(f"{HEADER}\nshelf.png,{numbers},\n", encoding="utf-8")
    tiles, counts, _ = read_photos(folder, cache)
    assert (counts["read"], counts["masked_regions"]) == (1, 1)
    assert len(tiles) >= 1
    assert tiles.size.min(axis=0).tolist() >= [48, 96]
    assert max(tiles.picture(k)[..., 0].max() for k in range(len(tiles))) <= 41  # red is 40 but in magenta


def test_a_photo_full_of_text_is_counted(folder: Path, cache: Path) -> None:
    put(folder / "a.png", ramp_photo())
    put(folder / "full.png", ramp_photo())
    put(folder / "full.mask.png", np.full((96, 128), 1, dtype=np.uint8))
    tiles, counts, _ = read_photos(folder, cache)
    assert tiles.names == ("photos/a.png",)
    assert (counts["read"], counts["fully_masked"], counts["masked_regions"]) == (1, 1, 1)


def test_regions_of_a_folder_inside_are_kept_too(folder: Path, cache: Path) -> None:
    put(folder / "sub" / "a.png", ramp_photo(256, 256))
    (folder / "sub" / "regions.csv").write_text(f"{HEADER}\na.png,0,0,256,0,256,100,0,100,SALE\n", encoding="utf-8")
    tiles, counts, _ = read_photos(folder, cache)
    assert counts["masked_regions"] == 1
    assert tiles.size.tolist() == [[152, 256]]  # rows 104 to 255


GOOD = "a.png,0,0,9,0,9,9,0,9,"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("file,x1,y1\na.png,0,0\n", r"regions.csv, line 1: need the columns file,x1,y1,.*add \['x2', 'y2'"),
        ("", r"line 1: need the columns"),
        (f"{HEADER}\n{GOOD}\na.png,0,0,nine,0,9,9,0,9,\n", r"line 3, column x2: need a number of pixels, got 'nine'"),
        (f"{HEADER}\na.png,0,0,nan,0,9,9,0,9,\n", r"line 2, column x2: .* got 'nan'"),
        (f"{HEADER}\na.png,0,0,9\n", r"line 2, column y2: .* got None"),
        (f"{HEADER}\nb.png,0,0,9,0,9,9,0,9,\n", r"column file: need a picture in the same folder, got 'b.png'"),
    ],
)
def test_a_faulty_table_of_regions_is_one_clear_error(folder: Path, cache: Path, table: str, fault: str) -> None:
    put(folder / "a.png", ramp_photo())
    (folder / "regions.csv").write_text(table, encoding="utf-8")
    with pytest.raises(SynthgenError, match=fault):
        read_photos(folder, cache)
    assert not list(cache.glob("*")) if cache.exists() else True


def test_a_faulty_mask_is_one_clear_error(folder: Path, cache: Path) -> None:
    put(folder / "a.png", ramp_photo())
    put(folder / "a.mask.png", np.zeros((10, 10), dtype=np.uint8))
    with pytest.raises(SynthgenError, match=r"a.mask.png: need the photo's size \(96, 128\).* got \(10, 10\)"):
        read_photos(folder, cache)
    (folder / "a.mask.png").write_bytes(b"")
    with pytest.raises(SynthgenError, match=r"a.mask.png: cannot be read"):
        read_photos(folder, cache)
    (folder / "a.mask.png").rename(folder / "b.mask.png")
    with pytest.raises(SynthgenError, match=r"b.mask.png: need a photo of the same name"):
        read_photos(folder, cache)


def test_a_folder_without_photos_is_one_clear_error(folder: Path, cache: Path) -> None:
    with pytest.raises(SynthgenError, match="no such folder"):
        read_photos(folder, cache)
    folder.mkdir()
    with pytest.raises(SynthgenError, match="need at least one picture"):
        read_photos(folder, cache)
    (folder / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(SynthgenError, match=r"not a folder"):
        read_photos(folder / "a.jpg", cache)
    with pytest.raises(SynthgenError, match=r"need at least one usable photo, got {'unreadable': 1}: a.jpg: cannot be read"):
        read_photos(folder, cache)
    assert list(cache.iterdir()) == []


def largest_area(taken: Bools, least: tuple[int, int]) -> int:
    best, (rows, columns) = 0, taken.shape
    for top, left in product(range(rows), range(columns)):
        for bottom, right in product(range(top + least[0], rows + 1), range(left + least[1], columns + 1)):
            if not taken[top:bottom, left:right].any():
                best = max(best, (bottom - top) * (right - left))
    return best


@given(
    taken=arrays.arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 9)), elements=st.booleans(), fill=st.just(False)),
    least=st.tuples(st.integers(1, 3), st.integers(1, 4)),
)
def test_the_largest_free_rectangle_is_found(taken: Bools, least: tuple[int, int]) -> None:
    found = largest_free(taken, least)
    if found is None:
        assert largest_area(taken, least) == 0
        return
    top, left, height, width = found
    assert not taken[top : top + height, left : left + width].any()
    assert (height >= least[0], width >= least[1]) == (True, True)
    assert top + height <= taken.shape[0]
    assert left + width <= taken.shape[1]
    assert height * width == largest_area(taken, least)


@given(spots=st.lists(st.tuples(st.integers(0, 255), st.integers(0, 699)), max_size=12))
def test_free_rectangles_hold_no_mark_and_do_not_meet(spots: list[tuple[int, int]]) -> None:
    marked = np.zeros((TILE_SHORT_PX, 700), dtype=np.uint8)
    for y, x in spots:
        marked[y, x] = 255
    found = free_rectangles(marked)
    assert len(found) <= FREE_MOST
    for top, left, height, width in found:
        ring = marked[max(top - 2, 0) : top + height + 2, max(left - 2, 0) : left + width + 2]
        assert not ring.any()
    cover = np.zeros(marked.shape, dtype=np.int32)
    for top, left, height, width in found:
        cover[top : top + height, left : left + width] += 1
    assert cover.max(initial=0) <= 1


@given(spot=st.tuples(st.integers(0, 299), st.integers(0, 399)), size=st.tuples(st.integers(40, 300), st.integers(50, 400)))
def test_a_shrunk_mask_keeps_every_mark(spot: tuple[int, int], size: tuple[int, int]) -> None:
    mask = np.zeros((300, 400), dtype=np.bool_)
    mask[spot] = True
    (row,), (column,) = np.nonzero(shrunk(mask, size))
    assert abs(row - spot[0] * size[0] / 300) <= 1
    assert abs(column - spot[1] * size[1] / 400) <= 1
