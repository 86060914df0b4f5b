"""The command line where photos are measured, or become labels and masks: what is printed, what is refused, and how it ends."""

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from extractor.cli import app
from extractor.options import Options
from extractor.reading import Extractor
from tests.extractor.painted import blank, extractor, paint
from tests.extractor.test_evaluate import BOXES, PLACED, folder, row


@pytest.fixture(autouse=True)
def _painted(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(detector: Path | None, reader: Path | None, options: Options) -> Extractor:
        return extractor(size=options.size, tiled=options.tiled, least_confidence=options.least_confidence)

    monkeypatch.setattr("extractor.opened.open_extractor", opened)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def jar(place: Path) -> Path:
    photo = blank(200, 300)
    for text, corner in BOXES.items():
        paint(photo, corner, (30, 60), text)
    place.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(place), photo[:, :, ::-1])
    return place


def test_an_evaluation_is_printed_for_people_and_for_programs(tmp_path: Path) -> None:
    place = folder(tmp_path / "in", PLACED, [row("jar.png", BOXES[text], text) for text in BOXES])
    result = run("evaluate", "--data", place)
    assert result.exit_code == 0 and result.stdout.startswith(
        "3 words on 1 photos\nbox and text right: precision 1.000, recall 1.000, F 1.000\n"
    )
    told = json.loads(run("evaluate", "--data", place, "--json").stdout)
    assert (told["precision"], told["recall"], told["f"], told["word_recall"]) == (1, 1, 1, 1)


def test_an_evaluation_draws_into_an_empty_folder_alone(tmp_path: Path) -> None:
    place = folder(tmp_path / "in", PLACED, [row("jar.png", BOXES["KRAFT"], "KRAFT")])
    assert run("evaluate", "--data", place, "--overlay", tmp_path / "out", "--limit", 1).exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["00001-jar.png"]
    result = run("evaluate", "--data", place, "--overlay", tmp_path / "out")
    assert result.exit_code == 1 and result.stderr.startswith(f"error: {tmp_path / 'out'}: need an empty folder")


def test_labels_that_are_faulty_are_one_line(tmp_path: Path) -> None:
    result = run("evaluate", "--data", folder(tmp_path, "file,text", [("gone.png", "x")]))
    assert result.exit_code == 1 and result.stderr.count("\n") == 1 and "line 2: need a photo" in result.stderr


def test_pseudo_labels_are_as_sure_as_is_asked_for(tmp_path: Path) -> None:
    photo = jar(tmp_path / "in" / "jar.png")
    result = run(photo, "--pseudo-label", tmp_path / "out")
    assert result.exit_code == 0 and result.stdout.startswith(f"{tmp_path / 'out'}: 3 sure words of 1 photos; ")
    result = run(photo, "--pseudo-label", tmp_path / "surer", "--sure", 0.999)
    assert "no word is sure enough" in result.stdout
    result = run(photo, "--pseudo-label", tmp_path / "larger", "--sure-height", 50)
    assert "no word is sure enough" in result.stdout
    result = run(photo, "--pseudo-label", tmp_path / "out")
    assert result.exit_code == 1 and "need an empty folder" in result.stderr


def test_broken_photos_do_not_stop_masks_and_end_in_1(tmp_path: Path) -> None:
    bad = tmp_path / "in" / "bad.png"
    jar(tmp_path / "in" / "jar.png")
    bad.write_bytes(b"no picture")
    result = run(tmp_path / "in", "--mask", tmp_path / "out")
    assert result.exit_code == 1 and f"error: {bad}: cannot be read" in result.stderr
    assert result.stdout.startswith(f"{tmp_path / 'out'}: 1 photos with masks of 3 words")


def test_labels_and_masks_at_once_are_refused(tmp_path: Path) -> None:
    result = run(jar(tmp_path / "jar.png"), "--mask", tmp_path / "a", "--pseudo-label", tmp_path / "b")
    assert result.exit_code == 1 and "--mask: need it without --pseudo-label, got both; run it again for the other" in result.stderr
