import dataclasses
import math
from pathlib import Path

import freetype
import numpy as np
import pytest
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.alphabet import Alphabet
from synthgen.arrays import F64, U8
from synthgen.assets import glyphs as glyphs_module
from synthgen.assets.drawing import draw_file
from synthgen.assets.field_kernels import FAR, REACH, signed_field, squared_distances
from synthgen.assets.fonts import Face, Refusal, find_faces
from synthgen.assets.glyphs import Glyphs, build_glyphs
from synthgen.errors import SynthgenError
from tests.assets.made_fonts import letters, make_font

LETTERS = Alphabet("abdeghmnqrtABDEGHMNQRTxi 0")
Built = tuple[Glyphs, list[Face], list[Refusal]]
FAMILIES = ("Roboto", "Lobster", "Bebas Neue", "Bungee", "Lato", "Permanent Marker")


def row_of(glyphs: Glyphs, face: int, glyph_id: int) -> int:
    first, last = glyphs.first[face : face + 2].tolist()
    return int(first) + int(glyphs.glyph_id[first:last].tolist().index(glyph_id))


def field_of(glyphs: Glyphs, row: int) -> U8:
    height, width = glyphs.size[row].tolist()
    return glyphs.fields[glyphs.start[row] : glyphs.start[row] + height * width].reshape(height, width)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    faces = [face for face in find_faces(True, None, 2)[0] if face.family in FAMILIES]
    return build_glyphs(faces, LETTERS, tmp_path_factory.mktemp("cache"))


def made(tmp_path: Path, *args: object, name: str = "made.ttf", **kwargs: object) -> list[Face]:
    (tmp_path / "fonts").mkdir(exist_ok=True)
    make_font(tmp_path / "fonts" / name, *args, **kwargs)  # type: ignore[arg-type]
    return find_faces(False, tmp_path / "fonts")[0]


# --- distances


def crossings(cover: U8) -> F64:
    """All points (y, x) where a line through pixel centres crosses half coverage."""
    points = []
    half = cover / 255 - 0.5
    for grid, turned in ((half, False), (half.T, True)):
        for y in range(grid.shape[0]):
            for x in range(grid.shape[1] - 1):
                a, b = grid[y, x], grid[y, x + 1]
                if (a > 0) != (b > 0):
                    at = a / (a - b)
                    if abs(a - b) >= 0.5:
                        at = min(max(a + b + 0.5 if a > b else 0.5 - a - b, 0), 1)
                    points.append((x + at, y) if turned else (y, x + at))
    return np.array(points, dtype=np.float64).reshape(-1, 2)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_distances_equal_those_to_every_crossing(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 8))
    values = data.draw(st.lists(st.sampled_from([0, 0, 0, 60, 128, 200, 255]), min_size=4 * height * width, max_size=4 * height * width))
    cover = np.array(values, np.uint8).reshape(2 * height, 2 * width)
    points, got = crossings(cover), squared_distances(cover)
    for y in range(height):
        for x in range(width):
            reached = [(py - 2 * y - 1) ** 2 + (px - 2 * x - 1) ** 2 for py, px in points.tolist()]
            wanted = min(reached, default=float(FAR))
            if wanted < REACH**2:
                assert got[y, x] == pytest.approx(wanted, abs=1e-3)
            else:
                assert got[y, x] >= REACH**2


def disc(size: int, centre: tuple[float, float], radius: float) -> U8:
    fine = (np.arange(size * 16) + 0.5) / 16
    inside = (fine[:, None] - centre[0]) ** 2 + (fine - centre[1]) ** 2 <= radius**2
    share = inside.reshape(size, 16, size, 16).mean(axis=(1, 3))
    return np.asarray(np.round(share * 255), np.uint8)


@settings(max_examples=15, deadline=None)
@given(st.floats(19, 21), st.floats(19, 21), st.floats(8, 12))
def test_the_field_of_a_disc_is_its_distance_to_a_seventh_of_a_pixel(y: float, x: float, radius: float) -> None:
    field = signed_field(disc(40, (y, x), radius), 0, 0, 20, 20).astype(float)
    centres = 2 * np.arange(20) + 1.5  # of the pixels (2 y + 1, 2 x + 1)
    true = 128 + 10 * (radius - np.hypot(centres[:, None] - y, centres - x))
    seen = (true > 2) & (true < 253) & (true < 128 + 10 * (radius - 2))  # near its middle all of the outline is as far
    assert np.abs(field - true)[seen].max() < 3.0
    assert np.abs(field - true)[seen].mean() < 0.5


@pytest.mark.parametrize("angle_deg", [0, 10, 30, 45, 60, 90, 120, 200])
def test_the_field_of_an_edge_rises_twenty_a_pixel(angle_deg: int) -> None:
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    fine = (np.arange(48 * 16) + 0.5) / 16 - 24.3
    share = ((fine[:, None] * sin + fine * cos) > 0).reshape(48, 16, 48, 16).mean(axis=(1, 3))
    field = signed_field(np.round(share * 255).astype(np.uint8), 0, 0, 24, 24).astype(float)
    centres = 2 * np.arange(24) + 1.5 - 24.3
    true = np.clip(128 + 10 * (centres[:, None] * sin + centres * cos), 0, 255)
    assert np.abs(field - true)[8:16, 8:16].max() < 2.0


# --- fields of real faces


def test_fields_are_inside_where_freetype_covers_more_than_half(built: Built) -> None:
    glyphs, faces, _ = built
    for number in range(len(faces)):
        face = faces[number]
        font = freetype.Face(str(face.path), face.number)
        if face.location:
            font.set_var_design_coords([dict(face.location).get(axis.tag, axis.default) for axis in font.get_variation_info().axes])
        font.set_pixel_sizes(0, 48)
        for char in "aegMRx0":
            glyph = font.get_char_index(char)
            font.load_glyph(glyph, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING)
            bitmap = font.glyph.bitmap
            cover = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
            row = row_of(glyphs, number, glyph)
            top, left = -font.glyph.bitmap_top - int(glyphs.origin[row, 1]), font.glyph.bitmap_left - int(glyphs.origin[row, 0])
            field = field_of(glyphs, row)
            canvas = np.zeros(field.shape, np.uint8)
            canvas[top : top + cover.shape[0], left : left + cover.shape[1]] = cover
            sure = (canvas < 70) | (canvas > 185)  # else corners and thin strokes make it a matter of taste
            assert ((field >= 128) == (canvas >= 128))[sure].mean() > 0.998, (face.name, char)
            assert ((field >= 128) == (canvas >= 128)).mean() > 0.985, (face.name, char)


def test_ink_boxes_hold_all_that_is_inside_and_are_tight(built: Built) -> None:
    glyphs = built[0]
    for row in range(len(glyphs.start)):
        if glyphs.size[row, 0] == 0:
            assert glyphs.ink[row].tolist() == [0, 0, 0, 0]
            continue
        rows, columns = np.nonzero(field_of(glyphs, row) >= 128)
        x0, y0, x1, y1 = (glyphs.ink[row].reshape(2, 2) - glyphs.origin[row]).ravel().tolist()
        assert x0 <= columns.min() + 0.5 <= x0 + 1.6
        assert y0 <= rows.min() + 0.5 <= y0 + 1.6
        assert x1 - 1.6 <= columns.max() + 0.5 <= x1
        assert y1 - 1.6 <= rows.max() + 0.5 <= y1


def test_fields_have_their_margin_and_are_zero_at_its_rim(built: Built) -> None:
    glyphs = built[0]
    for row in np.flatnonzero(glyphs.size[:, 0]):
        field = field_of(glyphs, int(row))
        assert max(field[0].max(), field[-1].max(), field[:, 0].max(), field[:, -1].max()) <= 128 - 20 * 5


def test_a_box_is_where_the_font_puts_it(tmp_path: Path) -> None:
    faces = made(tmp_path, {**letters("ab"), "H": (125, -250, 500, 750)})
    glyphs, _, _ = build_glyphs(faces, Alphabet("abH"), tmp_path / "cache")
    row = 2  # .notdef is not in the atlas
    np.testing.assert_allclose(glyphs.ink[row], [6, -36, 24, 12], atol=0.26)
    field, (x, y) = field_of(glyphs, row), glyphs.origin[row].tolist()
    inside = np.argwhere(field >= 128) + (y, x)
    assert (inside.min(axis=0).tolist(), (inside.max(axis=0) + 1).tolist()) == ([-36, 6], [12, 24])
    assert glyphs.metrics[0].tolist() == pytest.approx([36, 12, 36, 36], abs=0.26)


def test_rows_are_consistent(built: Built) -> None:
    glyphs, faces, _ = built
    assert glyphs.first[0] == 0
    assert glyphs.first[-1] == len(glyphs.start) == len(glyphs.size) == len(glyphs.origin) == len(glyphs.ink) == len(glyphs.glyph_id)
    assert np.array_equal(glyphs.start, np.concatenate([[0], np.cumsum(glyphs.size.prod(axis=1, dtype=np.int64))[:-1]]))
    assert len(glyphs.fields) == glyphs.size.prod(axis=1, dtype=np.int64).sum()
    assert all((np.diff(glyphs.glyph_id[low:high]) > 0).all() for low, high in zip(glyphs.first, glyphs.first[1:], strict=False))
    assert glyphs.covers.shape == (len(faces), 1 + len(LETTERS.characters))
    types = [getattr(glyphs, field.name).dtype for field in dataclasses.fields(Glyphs)]
    assert types == [np.dtype(kind) for kind in ("u1", "i8", "i4", "f4", "f4", "i4", "i4", "?", "?", "f4")]


def test_heights_of_roboto_are_those_of_its_tables(built: Built) -> None:
    glyphs, faces, _ = built
    number = next(k for k, face in enumerate(faces) if face.family == "Roboto")
    assert glyphs.metrics[number, 2:].tolist() == pytest.approx([48 * 1082 / 2048, 48 * 1456 / 2048], abs=0.5)  # whole fine pixels
    assert (glyphs.metrics >= 0).all()


# --- which faces are kept, and what they cover


def test_faces_that_draw_small_letters_as_capitals_are_known(built: Built) -> None:
    glyphs, faces, _ = built
    found = {face.family for face, only in zip(faces, glyphs.caps_only, strict=True) if only}
    assert found == {"Bebas Neue", "Bungee", "Permanent Marker"}


def test_smaller_and_wider_capitals_are_known_too(tmp_path: Path) -> None:
    lato = next(face for face in find_faces(True, None)[0] if face.name == "Lato 400")
    with TTFont(lato.path) as font:
        shapes, cmap = font.getGlyphSet(), font.getBestCmap()
        for capital in "ABDEGHMNQRT":
            pen = TTGlyphPen(None)
            shapes[cmap[ord(capital)]].draw(TransformPen(pen, (0.8, 0, 0, 0.7, 0, 0)))
            font["glyf"][cmap[ord(capital.lower())]] = pen.glyph()
        font.save(tmp_path / "small.ttf")
    faces = [lato, *find_faces(False, tmp_path)[0]]
    glyphs, kept, _ = build_glyphs(faces, LETTERS, tmp_path / "cache")
    assert (len(kept), glyphs.caps_only.tolist()) == (2, [False, True])


def test_a_character_is_covered_if_it_is_drawn_and_not_as_tofu(tmp_path: Path) -> None:
    faces = made(tmp_path, {**letters("ab"), "!": None, "?": (50, 0, 450, 700), " ": None, ";": (0, 0, 90, 90)})
    glyphs, kept, _ = build_glyphs(faces, Alphabet("ab!? ;%"), tmp_path / "cache")
    assert len(kept) == 1
    assert glyphs.covers.tolist() == [[False, True, True, False, False, True, True, False]]


@pytest.mark.parametrize("lost", [{}, {"c": None}, {"c": (50, 0, 450, 700)}])
def test_a_face_without_a_letter_is_refused_with_the_letter(tmp_path: Path, lost: dict[str, tuple[int, int, int, int] | None]) -> None:
    made(tmp_path, {**letters("ab"), **lost}, name="a.ttf")
    faces = made(tmp_path, letters("abc"), name="b.ttf")
    _, kept, refused = build_glyphs(faces, Alphabet("abc"), tmp_path / "cache")
    assert [face.path.name for face in kept] == ["b.ttf"]
    assert [(refusal.path.name, refusal.reason) for refusal in refused] == [("a.ttf", "draws no c of the alphabet's letters and digits")]


def test_no_face_at_all_is_an_error(tmp_path: Path) -> None:
    faces = made(tmp_path, letters("ab"))
    with pytest.raises(SynthgenError, match="got 1 faces and none does: Made 400 draws no c"):
        build_glyphs(faces, Alphabet("abc"), tmp_path / "cache")


def test_a_face_that_draws_what_another_draws_is_refused(tmp_path: Path) -> None:
    made(tmp_path, letters("ab"), name="a.ttf")
    made(tmp_path, letters("ab"), name="b.ttf", family="Other")
    faces = made(tmp_path, {**letters("ab"), "b": (50, 0, 90, 90)}, name="c.ttf", family="Third")
    _, kept, refused = build_glyphs(faces, Alphabet("ab"), tmp_path / "cache")
    assert [face.path.name for face in kept] == ["a.ttf", "c.ttf"]
    assert [(refusal.name, refusal.reason) for refusal in refused] == [("Other 400", "draws the same letters and digits as Made 400")]


def test_a_font_whose_outlines_are_cut_off_is_refused(tmp_path: Path) -> None:
    whole = made(tmp_path, letters("ab"), name="a.ttf")
    face = whole[0]
    (tmp_path / "cut.ttf").write_bytes(face.path.read_bytes()[:64])
    broken = dataclasses.replace(face, name="Cut", path=tmp_path / "cut.ttf")
    _, kept, refused = build_glyphs([broken, face], Alphabet("ab"), tmp_path / "cache")
    assert kept == [face]
    assert [refusal.name for refusal in refused] == ["Cut"]


# --- the cache


def arrays_of(glyphs: Glyphs) -> list[list[object]]:
    return [getattr(glyphs, field.name).tolist() for field in dataclasses.fields(Glyphs)]


def test_the_faces_kept_give_the_same_atlas_without_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, letters("a"), name="lacking.ttf")
    faces = made(tmp_path, letters("ab"), name="whole.ttf")
    glyphs, kept, refused = build_glyphs(faces, Alphabet("ab"), tmp_path / "cache")
    assert (len(kept), len(refused)) == (1, 1)
    monkeypatch.setattr(glyphs_module, "draw_file", None)
    again, still, none = build_glyphs(kept, Alphabet("ab"), tmp_path / "cache")
    assert arrays_of(again) == arrays_of(glyphs)
    assert (still, none) == (kept, [])
    assert [refusal.reason for refusal in build_glyphs(faces, Alphabet("ab"), tmp_path / "cache")[2]] == [refused[0].reason]


def test_one_more_font_draws_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_glyphs(made(tmp_path, letters("ab"), name="b.ttf"), Alphabet("ab"), tmp_path / "cache")
    drawn: list[str] = []

    def noted(faces: list[Face], alphabet: Alphabet) -> object:
        drawn.extend(face.path.name for face in faces)
        return draw_file(faces, alphabet)

    monkeypatch.setattr(glyphs_module, "draw_file", noted)
    faces = made(tmp_path, {**letters("b"), "a": (0, 0, 90, 90)}, name="a.ttf")
    _, kept, _ = build_glyphs(faces, Alphabet("ab"), tmp_path / "cache")
    assert len(kept) == 2
    assert drawn == ["a.ttf"]


def test_instances_of_a_file_do_not_share_a_drawing(tmp_path: Path) -> None:
    light, heavy = (face for face in find_faces(True, None, 2)[0] if face.family == "Montserrat")
    inks = [build_glyphs([face], Alphabet("l"), tmp_path / "cache")[0].ink[0].tolist() for face in (light, heavy)]
    assert inks[1][2] - inks[1][0] > inks[0][2] - inks[0][0] + 1


def test_an_edited_font_is_drawn_anew(tmp_path: Path) -> None:
    before, _, _ = build_glyphs(made(tmp_path, letters("ab")), Alphabet("ab"), tmp_path / "cache")
    after, _, _ = build_glyphs(made(tmp_path, {**letters("a"), "b": (0, 0, 90, 90)}), Alphabet("ab"), tmp_path / "cache")
    assert before.ink.tolist() != after.ink.tolist()
