"""The command line: what is printed, what is refused, and how it ends."""

import json
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from detector.cli import app
from detector.export import export_onnx
from detector.weights import load_detector, save_detector
from tests.detector.detector_fixture import TINY, noise, shaken_detector
from tests.detector.photos_fixture import labelled, quads_of, truth_of, write_photos

WORD = (8, 8, 60, 30)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small untrained detector as .keras, with detector.onnx beside it."""
    path = tmp_path_factory.mktemp("detector") / "detector.keras"
    save_detector(path, shaken_detector())
    export_onnx(shaken_detector(), path.with_suffix(".onnx"))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two photos with a word each, the second broken, and their labels."""
    words = truth_of(quads_of(WORD))
    out = write_photos(tmp_path_factory.mktemp("photos"), [labelled(f"{k}.png", noise(1)[0], words) for k in range(2)])
    (out / "1.png").write_bytes(b"no picture")
    return out


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of the first weights that others draw no map shows a word")
def test_find_prints_the_same_words_for_both_kinds_of_file(weights: Path, folder: Path) -> None:
    found = []
    for path in (weights, weights.with_suffix(".onnx")):
        result = run("find", "--weights", path, "--text", 0.1, "--low-text", 0.1, folder / "0.png")
        assert result.exit_code == 0, result.output
        found.append(json.loads(result.stdout))
    assert found[0]["file"] == str(folder / "0.png") and len(found[0]["words"]) == len(found[1]["words"]) > 0
    for ours, theirs in zip(found[0]["words"], found[1]["words"], strict=True):
        assert np.array(ours["quad"]) == pytest.approx(np.array(theirs["quad"]), abs=0.05) and ours["line"] == theirs["line"]


def test_a_broken_photo_does_not_keep_words_from_being_found_on_others(weights: Path, folder: Path, tmp_path: Path) -> None:
    photos = (folder / "1.png", folder / "0.png")
    result = run("find", "--weights", weights.with_suffix(".onnx"), "--overlays", tmp_path / "seen", "--heat", *photos)
    assert result.exit_code == 1 and len(result.stdout.splitlines()) == 1
    assert f"error: {folder / '1.png'}: cannot be read as a picture" in result.stderr
    assert [path.name for path in (tmp_path / "seen").iterdir()] == ["00001-0.png"]
    assert np.asarray(cv2.imread(str(tmp_path / "seen" / "00001-0.png"))).shape == (64, 96, 3)


def test_evaluate_prints_the_promised_keys_and_what_was_dropped(weights: Path, folder: Path, tmp_path: Path) -> None:
    result = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", folder, "--json", "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {"precision", "recall", "h_mean", "threshold"} <= told.keys() and (told["count_photos"], told["count_dropped"]) == (1, 1)
    assert json.loads((tmp_path / "report" / folder.name / "evaluation.json").read_text(encoding="utf-8")) == told
    plain = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", folder)
    assert plain.stdout.startswith(f"{folder}: 1 words on 1 photos: h-mean ") and plain.stdout.endswith("; 1 dropped\n")


def test_import_craft_says_that_it_cannot_write_before_it_reads_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(file: Path) -> None:
        raise AssertionError("weights were read")

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("detector.importing.import_craft", read)
    (tmp_path / "file").touch()
    for out, fault in (("x.pth", "need a name that ends in .keras, got x.pth"), ("file/x.keras", "cannot be written: it is a file")):
        result = run("import-craft", tmp_path / "craft.pth", "--out", tmp_path / out)
        assert result.exit_code == 1 and fault in result.stderr and len(result.stderr.splitlines()) == 1
    monkeypatch.setattr(Path, "touch", denied)
    result = run("import-craft", tmp_path / "craft.pth", "--out", tmp_path / "new" / "x.keras")
    assert result.stderr.startswith(f"error: {tmp_path / 'new' / 'x.keras'}: cannot be written: writing there is not allowed")
    assert list((tmp_path / "new").iterdir()) == []


def test_export_makes_the_folder_and_says_how_to_measure_what_it_wrote(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "half.keras"
    result = run("export", "--weights", weights, "--out", out, "--format", "keras-half")
    assert result.exit_code == 0, result.output
    assert f"measure it: detector evaluate --weights {out} --data DIR" in result.stdout
    assert load_detector(out).options == TINY


def test_summary_prints_a_row_for_each_layer() -> None:
    result = run("summary", "--slim", 8)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("layer") and "329,118 parameters" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("find", "--weights", "WEIGHTS", "--heat", "DATA/0.png"), "--heat: need --overlays, on which the maps are shown, got none"),
        (("find", "--weights", "DATA/none.onnx", "DATA/0.png"), "none.onnx: need a detector, found no file"),
        (("find", "--weights", "WEIGHTS", "--text", "0.3", "DATA/0.png"), "--low-text: need at most --text, 0.3, got 0.4"),
        (("export", "--weights", "WEIGHTS", "--out", "DATA/x.onnx", "--calibrate-on", "4"), "--calibrate-on 4: need --format int8"),
        (("export", "--weights", "WEIGHTS", "--out", "DATA/x.png"), "need a name that ends in .onnx for --format onnx"),
        (("evaluate", "--weights", "WEIGHTS", "--data", "DATA", "--data", "DATA"), "DATA: need each set once, got it twice; leave one out"),
        (("evaluate", "--weights", "WEIGHTS", "--data", "DATA", "--split", "val"), "--split val: need shards, whose scenes have splits"),
        (("train", "--out", "DATA/run"), "--data: need shards or a folder to train on, or --stream, got neither"),
        (("train", "--out", "DATA/run", "--data", "DATA", "--size", "100"), "--size: need a multiple of 32 px, got 100"),
        (("train", "--out", "DATA/run", "--data", "DATA", "--init", "DATA/none.keras"), "--init DATA/none.keras: cannot be read"),
        (("import-craft", "DATA/0.png", "--out", "DATA/x.keras"), "need a file that torch.save wrote"),
        (("summary", "--slim", "3"), "--slim: need one of 1, 2, 4, 8, got 3"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_code_1(arguments: tuple[str, ...], fault: str, weights: Path, folder: Path) -> None:
    places = {"WEIGHTS": str(weights), "DATA": str(folder)}

    def placed(text: str) -> str:
        for name, place in places.items():
            text = text.replace(name, place)
        return text

    result = run(*map(placed, arguments))
    assert result.exit_code == 1, result.output
    assert placed(fault) in result.stderr and result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1
