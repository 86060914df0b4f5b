"""Picture files of every kind come out as the RGB pixels that a person sees."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from synthgen.pictures import read_picture

RED, WHITE = (255, 0, 0), (255, 255, 255)


def saved(image: Pictures.Image, path: Path, **options: object) -> Image:
    """Return what is read of `image` stored at `path`."""
    image.save(path, **options)  # type: ignore[arg-type] # Pillow's own options
    picture = read_picture(path)
    assert picture.dtype == np.uint8 and picture.flags.writeable
    return picture


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGB", RED, RED),
        ("L", 90, (90, 90, 90)),
        ("1", 1, WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), WHITE),  # clear: the paper behind it
        ("LA", (0, 0), WHITE),
        ("I;16", 0x8000, (128, 128, 128)),  # Pillow's own conversion makes all of it white
    ],
)
def test_a_png_of_any_mode_is_seen_as_its_colour(tmp_path: Path, mode: str, colour: int | tuple[int, ...], seen: tuple[int, ...]) -> None:
    picture = saved(Pictures.new(mode, (7, 5), colour), tmp_path / "a.png")
    assert picture.shape == (5, 7, 3) and (picture == seen).all()


def test_a_palette_gives_its_colours_and_its_clear_one_gives_white(tmp_path: Path) -> None:
    image = Pictures.new("P", (4, 2), 1)
    image.putpalette([0, 0, 0, *RED])
    assert (saved(image, tmp_path / "a.png") == RED).all()
    assert (saved(image, tmp_path / "b.gif", transparency=1) == WHITE).all()


def test_inks_become_light(tmp_path: Path) -> None:
    assert (saved(Pictures.new("CMYK", (4, 2), (0, 0, 0, 0)), tmp_path / "a.jpg") >= 250).all()


def test_a_picture_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    image = Pictures.new("L", (40, 20), 0)
    image.paste(255, (0, 0, 20, 20))  # the left half is white
    exif = Pictures.Exif()
    exif[0x0112] = 6  # orientation: the camera was turned, the left is the top
    picture = saved(image, tmp_path / "a.jpg", exif=exif, quality=95)
    assert picture.shape == (40, 20, 3)
    assert picture[:16].min() > 200 and picture[24:].max() < 50


def test_of_several_frames_the_first_is_taken(tmp_path: Path) -> None:
    frames = [Pictures.new("RGB", (4, 4), colour) for colour in (RED, WHITE)]
    assert (saved(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:]) == RED).all()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"a\.png: need a picture, found no such file; mend the name"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_a_file_that_holds_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(SynthgenError, match=r"a\.png: cannot be read as a picture: .*; replace or remove it"):
        read_picture(tmp_path / "a.png")


def test_a_picture_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Pictures.effect_noise((60, 60), 80).save(path)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(SynthgenError, match=r"cannot be read as a picture: .*truncated"):
        read_picture(path)


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="cannot be read as a picture"):
        read_picture(tmp_path)


def test_floating_point_pixels_are_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="floating-point pixels have no known white"):
        saved(Pictures.new("F", (4, 4), 0.5), tmp_path / "a.tif")


def test_a_picture_too_large_to_be_meant_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pictures, "MAX_IMAGE_PIXELS", 10)
    assert saved(Pictures.new("L", (5, 4)), tmp_path / "a.png").shape == (4, 5, 3)  # a telephone's largest: Pillow only warns
    with pytest.raises(SynthgenError, match=r"cannot be read as a picture: .*21 pixels"):
        saved(Pictures.new("L", (7, 3)), tmp_path / "b.png")
