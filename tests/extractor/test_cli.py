"""The command line: what is printed and drawn, what is refused, and how it ends."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from PIL import Image as Pictures
from typer.testing import CliRunner, Result

from extractor.cli import app
from extractor.options import Options
from extractor.photo_files import photo_paths
from extractor.reading import Extractor
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from tests.extractor.painted import blank, extractor, paint

TEXT = "KRAFT\nNet wt\n"


@pytest.fixture(autouse=True)
def _painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command read painted photos, in their own size."""

    def opened(detector: Path | None, reader: Path | None, options: Options) -> Extractor:
        return extractor(size=options.size, tiled=options.tiled)

    monkeypatch.setattr("extractor.opened.open_extractor", opened)


def jar() -> Image:
    photo = blank(200, 300)
    paint(photo, (20, 30), (30, 60), "KRAFT")
    paint(photo, (20, 130), (30, 60), "Net")
    paint(photo, (110, 130), (30, 60), "wt")
    return photo


def saved(path: Path, picture: Pictures.Image | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture or Pictures.fromarray(jar())).save(path, **options)  # type: ignore[arg-type]
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_photo_without_a_command_is_read_and_its_text_printed(tmp_path: Path) -> None:
    photo = saved(tmp_path / "jar.png")
    for arguments in ((photo,), ("read", photo), ("--verbose", photo), ("--threads", 1, photo)):
        result = run(*arguments)
        assert (result.exit_code, result.stdout, result.stderr) == (0, TEXT, ""), result.output


def test_a_photo_called_as_a_command_is_reached_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(saved(tmp_path / "jar.png"), tmp_path / "read")
    monkeypatch.chdir(tmp_path)
    assert run("./read").stdout == TEXT and run("read").exit_code == 2


def test_help_comes_without_a_command_and_with_each() -> None:
    for arguments in ((), ("--help",)):
        assert "Read product photos" in run(*arguments).output
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name in group.commands:
        assert run(name, "--help").exit_code == 0
    assert run("--nonsense", "x.png").exit_code == 2


def test_help_does_not_wait_for_what_computes() -> None:
    code = (
        "import sys, extractor.cli, detector.cli, recognizer.cli; print(sorted({'numpy', 'numba', 'cv2', 'onnxruntime'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_one_bad_photo_does_not_stop_the_rest_and_is_counted(tmp_path: Path) -> None:
    good = [saved(tmp_path / "photos" / name) for name in ("a.png", "c/d.png")]
    bad = tmp_path / "photos" / "b.jpg"
    bad.write_bytes(b"no picture")
    (tmp_path / "photos" / "notes.txt").write_text("no photo", encoding="utf-8")
    result = run(tmp_path / "photos")
    assert result.exit_code == 1
    assert result.stdout == "".join(f"==> {path} <==\n{TEXT}" for path in good)
    assert f"error: {bad}: cannot be read as a picture" in result.stderr
    assert result.stderr.splitlines()[-1] == "2 of 3 photos read, 6 words; 1 could not be read"
    assert run(tmp_path / "none.png").exit_code == 1


def test_names_that_are_no_utf_8_are_printed_and_labelled_as_text(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff.png")
    shutil.copy(saved(tmp_path / "jar.png"), odd)
    told = run("--json", odd).stdout
    assert json.loads(told)["file"] == str(tmp_path / r"\xff.png") and told.encode()
    assert run("--pseudo-label", tmp_path / "out", odd).exit_code == 0
    assert (tmp_path / "out" / "scenes" / r"00001-\xff.png").is_file()


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(place: Path) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(os, "scandir", shut)
    with pytest.raises(SynthgenError, match="photos: need a folder that may be read, got: Permission denied; allow it, or name others"):
        _ = photo_paths([saved(tmp_path / "photos" / "a.png").parent])


def test_json_and_csv_are_for_programs_alone(tmp_path: Path) -> None:
    photos = [saved(tmp_path / name) for name in ("a.png", "b.png")]
    told = [json.loads(line) for line in run("--json", *photos).stdout.splitlines()]
    assert [one["file"] for one in told] == list(map(str, photos)) and told[0]["text"] + "\n" == TEXT
    rows = run("--csv", *photos).stdout.splitlines()
    assert rows[0].startswith("file,word,line,text,") and len(rows) == 7


@pytest.mark.parametrize(
    ("orientation", "quarters", "mirrored"), [(1, 0, False), (3, 2, False), (6, 1, False), (8, 3, False), (2, 0, True), (5, 1, True)]
)
def test_quads_are_those_of_the_upright_photo_whatever_exif_says(tmp_path: Path, orientation: int, quarters: int, mirrored: bool) -> None:
    mirror = jar()[:, ::-1] if mirrored else jar()
    lying = np.transpose(jar(), (1, 0, 2)) if mirrored and quarters else np.rot90(mirror, quarters)
    exif = Pictures.Exif()
    exif[0x0112] = orientation
    turned = saved(tmp_path / "turned.png", Pictures.fromarray(np.ascontiguousarray(lying)), exif=exif)
    want, got = (json.loads(run("--json", path).stdout) for path in (saved(tmp_path / "upright.png"), turned))
    assert {**got, "file": ""} == {**want, "file": ""} and (got["height"], got["width"]) == (200, 300)


def colourless(mode: str) -> Pictures.Image:
    """Return a picture of another kind, on which nothing is painted."""
    if mode == "I;16":
        return Pictures.fromarray(np.full((40, 50), 40_000, dtype=np.uint16))
    return Pictures.new(mode, (50, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_kind_are_read(tmp_path: Path, mode: str) -> None:
    result = run("--json", saved(tmp_path / f"picture.{'tif' if mode == 'CMYK' else 'png'}", colourless(mode)))
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and (told["height"], told["width"], told["words"]) == (40, 50, [])
    assert result.stderr == "1 of 1 photos read, 0 words\n"


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 1)])
def test_tiny_pictures_have_no_words(tmp_path: Path, size: tuple[int, int]) -> None:
    assert run(saved(tmp_path / "tiny.png", Pictures.new("RGB", size))).exit_code == 0


def test_small_print_of_a_large_photo_is_read_in_tiles_unless_they_are_refused(tmp_path: Path) -> None:
    large = blank(800, 3000)
    paint(large, (1400, 300), (12, 60), "OZ")
    photo = saved(tmp_path / "large.png", Pictures.fromarray(large))
    assert run("--size", 640, photo).stdout == "OZ\n"
    assert run("--size", 160, "--no-tiles", photo).stdout == ""


def test_overlays_are_one_file_or_a_folder_of_several(tmp_path: Path) -> None:
    photos = [saved(tmp_path / "one" / "jar.png"), saved(tmp_path / "two" / "jar.png")]
    assert run("--overlay", tmp_path / "out" / "seen.png", photos[0]).exit_code == 0
    assert np.asarray(cv2.imread(str(tmp_path / "out" / "seen.png"))).shape == (200, 300, 3)
    assert run("--overlay", tmp_path / "seen", "--heat", *photos).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["00001-jar.png", "00002-jar.png"]
    plain, hot = (cv2.imread(str(path)) for path in (tmp_path / "out" / "seen.png", tmp_path / "seen" / "00001-jar.png"))
    assert not np.array_equal(np.asarray(plain), jar()[:, :, ::-1]) and not np.array_equal(np.asarray(plain), np.asarray(hot))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--heat", "PHOTO"), "--heat: need --overlay, on which it is shown, got none"),
        (("--csv", "--json", "PHOTO"), "--csv: need it alone, got --json too"),
        (("--csv", "--fields", "PHOTO"), "--csv: need it alone, got --fields too"),
        (("--csv", "--mask", "FOLDER/m", "PHOTO"), "--mask: need it without --csv, got both; run it again for the other"),
        (("--overlay", "FOLDER/o", "--pseudo-label", "FOLDER/p", "PHOTO"), "--pseudo-label: need it without --overlay, got both"),
        (("--sure", "0.95", "PHOTO"), "--sure, --sure-score, --sure-height: need --pseudo-label, got none"),
        (("--sure-height", "9", "--mask", "FOLDER/m", "PHOTO"), "--sure, --sure-score, --sure-height: need --pseudo-label, got none"),
        (("--overlay", "FOLDER/../NAME/jar.png", "PHOTO"), "jar.png: need another file than the photo itself, got that"),
        (("--overlay", "FOLDER/x.jpg", "PHOTO"), "x.jpg: need a name that ends in .png, or a folder, got another picture"),
        (("--overlay", "FOLDER", "PHOTO"), "need an empty folder for the report, got one with files, or a file; give another --overlay"),
        (("--overlay", "FOLDER/x.png", "PHOTO", "PHOTO"), "x.png: need a folder for several photos, got the name of one"),
        (("--text", "0.3", "PHOTO"), "--low-text: need at most --text, 0.3, got 0.4"),
        (("FOLDER/empty",), "empty: need at least one picture (.jpg, .jpeg, "),
        (("--mask", "FOLDER/m", "--pseudo-label", "FOLDER/p", "PHOTO"), "--mask: need it without --pseudo-label, got both"),
        (("FOLDER/none.png",), "none.png: need a picture, found no such file"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_code_1(arguments: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    photo = saved(tmp_path / "jar.png")
    meant = {"PHOTO": str(photo), "FOLDER": str(tmp_path), "NAME": tmp_path.name}
    result = run(*(re.sub("|".join(meant), lambda match: meant[match[0]], one) for one in arguments))
    assert result.exit_code == 1, result.output
    assert fault in result.stderr and result.stderr.startswith("error: ") and not result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "jar.png"]
