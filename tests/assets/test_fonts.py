from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from synthgen.assets.fontfile import sfnt_bytes
from synthgen.assets.fonts import Face, find_faces
from synthgen.errors import SynthgenError
from tests.assets.made_fonts import letters, make_font


def package_faces(family: str, most: int = 6) -> list[Face]:
    return [face for face in find_faces(True, None, most)[0] if face.family == family]


def test_faces_come_in_the_same_order_with_names_and_places_of_their_own() -> None:
    faces, refused = find_faces(True, None)
    assert (faces, refused) == find_faces(True, None)
    assert refused == []
    assert len({face.name for face in faces}) == len(faces) == len({(face.path, face.number, face.location) for face in faces})


def test_categories_come_from_the_packages() -> None:
    found = {face.family: face.category for face in find_faces(True, None)[0]}
    wanted = {"Montserrat": "sans", "Lora": "serif", "Anton": "display", "Caveat": "hand", "IBM Plex Mono": "mono", "Lobster": "display"}
    assert {family: found[family] for family in wanted} == wanted


def test_a_variable_family_is_spread_over_weight_width_and_slope() -> None:
    faces = package_faces("Archivo")
    weights, widths = ({dict(face.location)[tag] for face in faces} for tag in ("wght", "wdth"))
    assert len(faces) == 6
    assert min(weights) <= 300
    assert max(weights) == 900
    assert min(widths) < 75 < 125 <= max(widths)
    assert [face.path.name.startswith("Archivo-Italic") for face in faces].count(True) == 1
    assert all(face.name.endswith("italic") == face.path.name.startswith("Archivo-Italic") for face in faces)


def test_places_on_axes_stay_within_the_axes() -> None:
    for face in find_faces(True, None)[0]:
        if face.location:
            with TTFont(face.path, lazy=True) as font:
                axes = {axis.axisTag: (axis.minValue, axis.maxValue) for axis in font["fvar"].axes}
            assert all(axes[tag][0] <= at <= axes[tag][1] for tag, at in face.location if tag in axes), face


def test_heavy_faces_are_cut_for_large_sizes() -> None:
    bodoni = {face.name: dict(face.location) for face in package_faces("Bodoni Moda")}
    assert "opsz" not in bodoni["Bodoni Moda 400"]
    assert bodoni["Bodoni Moda 700"]["opsz"] == 96


@pytest.mark.parametrize("most", [1, 3, 6])
def test_no_family_has_more_faces_than_asked(most: int) -> None:
    faces, _ = find_faces(True, None, most)
    counts = [sum(face.family == family for face in faces) for family in {face.family for face in faces}]
    assert max(counts) == most


def test_a_folder_gives_its_fonts_and_those_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    make_font(tmp_path / "b.ttf", letters("ab"), family="Bee")
    make_font(tmp_path / "deep" / "er" / "A.OTF", letters("ab"), family="Ay")
    (tmp_path / "README.md").write_text("no font", encoding="utf-8")
    faces, refused = find_faces(False, tmp_path)
    assert [(face.name, face.category, face.location) for face in faces] == [("Bee 400", "user", ()), ("Ay 400", "user", ())]
    assert refused == []


def test_names_that_come_twice_are_numbered(tmp_path: Path) -> None:
    for stem in "abc":
        make_font(tmp_path / f"{stem}.ttf", letters("ab"))
    assert [face.name for face in find_faces(False, tmp_path)[0]] == ["Made 400", "Made 400 (2)", "Made 400 (3)"]


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_web_fonts_are_unpacked_to_what_they_were_made_from(tmp_path: Path, flavor: str) -> None:
    plain = make_font(tmp_path / "plain.ttf", letters("ab"))
    font = TTFont(plain)
    font.flavor = flavor
    font.save(tmp_path / f"web.{flavor}")
    plain.unlink()
    (face,), refused = find_faces(False, tmp_path)
    assert refused == []
    (tmp_path / "again.ttf").write_bytes(sfnt_bytes(face.path))
    again = TTFont(tmp_path / "again.ttf")
    assert again.getBestCmap() == font.getBestCmap()
    assert again["hmtx"].metrics == font["hmtx"].metrics


def test_every_face_of_a_collection_is_found(tmp_path: Path) -> None:
    from fontTools.ttLib import TTCollection

    collection = TTCollection()
    collection.fonts = [TTFont(make_font(tmp_path / f"{name}.ttf", letters("ab"), family=name)) for name in ("One", "Two")]
    (tmp_path / "own").mkdir()
    collection.save(tmp_path / "own" / "both.ttc")
    assert [(face.family, face.number) for face in find_faces(False, tmp_path / "own")[0]] == [("One", 0), ("Two", 1)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("junk.ttf", b"not a font at all" * 9, "FreeType"), ("cut.woff2", b"wOF2" + bytes(60), "unpacked"), ("void.otf", b"", "FreeType")],
)
def test_a_broken_file_is_refused_with_a_reason(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    make_font(tmp_path / "good.ttf", letters("ab"))
    (tmp_path / name).write_bytes(data)
    faces, refused = find_faces(False, tmp_path)
    assert [face.path.name for face in faces] == ["good.ttf"]
    assert [refusal.path.name for refusal in refused] == [name]
    assert reason in refused[0].reason


def test_a_file_cut_anywhere_never_crashes(tmp_path: Path) -> None:
    make_font(tmp_path / "good.ttf", letters("ab"))
    data = make_font(tmp_path / "cut.ttf", letters("abcdef")).read_bytes()
    for length in range(0, len(data), 37):
        (tmp_path / "cut.ttf").write_bytes(data[:length])
        faces, refused = find_faces(False, tmp_path)
        assert len(faces) + len(refused) == 2


def test_a_font_of_pictures_is_refused(tmp_path: Path) -> None:
    make_font(tmp_path / "icons.ttf", letters("ab"), pictorial=True)
    make_font(tmp_path / "text.ttf", letters("ab"))
    faces, refused = find_faces(False, tmp_path)
    assert [face.path.name for face in faces] == ["text.ttf"]
    assert "symbols" in refused[0].reason


def test_a_folder_without_a_usable_font_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need a font file .*got 0 and none of use"):
        find_faces(False, tmp_path)
    (tmp_path / "bad.ttf").write_bytes(b"bad")
    with pytest.raises(SynthgenError, match=r"got 1 and none of use; bad.ttf is no font"):
        find_faces(False, tmp_path)
    with pytest.raises(SynthgenError, match="got nothing there"):
        find_faces(False, tmp_path / "absent")
