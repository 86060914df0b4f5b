import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from recognizer.cli import app
from recognizer.export import export_onnx
from recognizer.options import ReaderOptions
from recognizer.weights import save_reader
from tests.recognizer.reader_fixture import shaken_reader
from tests.recognizer.test_crops import folder_of

TEXTS = ["Milk", "500 g", "\u4e2d", "x"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small untrained reader as .keras, with reader.onnx beside it."""
    path = tmp_path_factory.mktemp("reader") / "reader.keras"
    reader = shaken_reader(ReaderOptions(width=32))
    save_reader(path, reader)
    export_onnx(reader, path.with_suffix(".onnx"))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_read_prints_text_and_confidence_alike_for_both_kinds_of_file(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS)
    pictures = sorted(tmp_path.glob("*.png"))
    rows = []
    for path in (weights, weights.with_suffix(".onnx")):
        result = run("read", "--weights", path, "--json", *pictures)
        assert result.exit_code == 0, result.output
        rows.append([json.loads(line) for line in result.stdout.splitlines()])
    assert [row["file"] for row in rows[0]] == [str(path) for path in pictures]
    assert [row["text"] for row in rows[0]] == [row["text"] for row in rows[1]]
    assert [row["confidence"] for row in rows[0]] == pytest.approx([row["confidence"] for row in rows[1]], rel=1e-3)


def test_read_shows_the_steps(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS[:1])
    result = run("read", "--weights", weights.with_suffix(".onnx"), "--steps", tmp_path / "0.png")
    assert result.exit_code == 0
    assert "step  symbol  probability" in result.stdout
    assert "merged" in result.stdout


def test_a_broken_picture_does_not_keep_the_others_from_being_read(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS[:1])
    (tmp_path / "broken.png").write_bytes(b"no picture")
    result = run("read", "--weights", weights.with_suffix(".onnx"), tmp_path / "broken.png", tmp_path / "0.png")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert "broken.png: cannot be read as a picture" in result.stderr


def test_evaluate_gives_the_promised_keys_and_files(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS)
    result = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", tmp_path, "--out", tmp_path / "report", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {"accuracy_exact", "accuracy_alnum", "cer", "one_minus_ned", "count"} <= found.keys()
    assert found["count"] == 4
    assert found["count_outside_alphabet"] == 1
    (folder,) = (tmp_path / "report").iterdir()
    assert {path.name for path in folder.iterdir()} == {"predictions.csv", "evaluation.json", "report.png", "worst.png"}
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 5


def test_evaluate_does_not_write_over_an_earlier_report(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "evaluation.json").touch()
    for out in (tmp_path / "report", tmp_path / "labels.csv"):
        result = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", tmp_path, "--out", out)
        assert result.exit_code == 1
        assert f"{out.name}: need an empty folder for the report, got one with files, or a file" in result.stderr
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["evaluation.json"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("evaluate", "--data", "DATA", "--ignore-case"), "--ignore-case: need --lexicon, whose case it is, got none"),
        (("read", "x.png", "--ignore-case"), "--ignore-case: need --lexicon, whose case it is, got none"),
        (("evaluate", "--data", "DATA", "--split", "val"), "--split val: need shards, whose samples have splits, got"),
        (
            ("export", "--out", "DATA/x.onnx", "--calibrate-on", "16"),
            "--calibrate-on 16: need --format int8, whose ranges it sets",
        ),
        (("train", "--data", "DATA", "--out", "x", "--stream-seed", "1"), "--stream-seed 1: need --stream, whose seed it is, got none"),
    ],
)
def test_an_option_that_would_do_nothing_is_told(weights: Path, tmp_path: Path, command: tuple[str, ...], message: str) -> None:
    folder_of(tmp_path, TEXTS[:1])
    reader = () if command[0] == "train" else ("--weights", weights.with_suffix(".keras" if command[0] == "export" else ".onnx"))
    result = run(*(argument.replace("DATA", str(tmp_path)) for argument in command), *reader)
    assert result.exit_code == 1
    assert message in result.stderr


def test_evaluate_says_a_line_for_each_place(weights: Path, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        folder_of(tmp_path / name, TEXTS)
    result = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", tmp_path / "a", "--data", tmp_path / "b", "--beam", 3)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert "4 words" in result.stdout


def test_a_lexicon_tells_what_it_could_not_use(weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder_of(tmp_path, TEXTS[:1])
    (tmp_path / "words.txt").write_text("Milk\nBrot\n\u4e2d\n", encoding="utf-8")
    with caplog.at_level("INFO"):
        result = run("read", "--weights", weights.with_suffix(".onnx"), "--lexicon", tmp_path / "words.txt", tmp_path / "0.png")
    assert result.exit_code == 0
    assert "2 words, dropped: 1 foreign words" in caplog.text


def test_weights_that_are_not_there_are_told(tmp_path: Path) -> None:
    result = run("read", "--weights", tmp_path / "none.onnx", "x.png")
    assert result.exit_code == 1
    assert "none.onnx: need a reader, found no file" in result.stderr


def test_attention_readers_have_neither_beam_nor_steps(tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS[:1])
    export_onnx(shaken_reader(ReaderOptions(width=32, head="attention")), tmp_path / "reader.onnx")
    for option in (("--beam", "3"), ("--steps",)):
        result = run("read", "--weights", tmp_path / "reader.onnx", *option, tmp_path / "0.png")
        assert result.exit_code == 1
        assert f"{option[0]}" in result.stderr
        assert "need a reader with the CTC head" in result.stderr


@pytest.mark.parametrize("form", ["onnx", "onnx-half"])
def test_export_writes_what_evaluate_reads(weights: Path, tmp_path: Path, form: str) -> None:
    result = run("export", "--weights", weights, "--format", form, "--out", tmp_path / "out.onnx")
    assert result.exit_code == 0, result.output
    assert f"{(tmp_path / 'out.onnx').stat().st_size / 1e6:.1f} MB" in result.stdout


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("onnx", "reader.keras", "need a name that ends in .onnx for --format onnx"),
        ("keras-half", "reader.onnx", "need a name that ends in .keras for --format keras-half"),
        ("keras-half", "reader.keras", "need another file than --weights"),
    ],
)
def test_export_does_not_write_over_what_it_reads_or_under_another_name(weights: Path, form: str, name: str, message: str) -> None:
    before = weights.read_bytes()
    result = run("export", "--weights", weights, "--format", form, "--out", weights.with_name(name))
    assert result.exit_code == 1
    assert message in result.stderr
    assert weights.read_bytes() == before


def test_a_comma_outside_quotes_is_told(weights: Path, tmp_path: Path) -> None:
    folder_of(tmp_path, TEXTS[:1])
    (tmp_path / "labels.csv").write_text("file,text\n0.png,1,000\n", encoding="utf-8")
    result = run("evaluate", "--weights", weights.with_suffix(".onnx"), "--data", tmp_path)
    assert result.exit_code == 1
    assert "line 2: need 2 cells, got more; put texts with commas in quotes" in result.stderr


def test_summary_prints_every_layer_and_both_totals() -> None:
    result = run("summary")
    assert result.exit_code == 0
    assert "6,627,421 parameters" in result.stdout
    assert "6,629,469 parameters" in result.stdout


def test_train_says_what_it_needs(tmp_path: Path) -> None:
    result = run("train", "--out", tmp_path)
    assert result.exit_code == 1
    assert "--data: need shards or a folder to train on, or --stream, got neither" in result.stderr
    result = run("train", "--out", tmp_path, "--data", "x", "--width", 33)
    assert result.exit_code == 1
    assert "--width: need a multiple of 4, 16 or more, got 33" in result.stderr


@pytest.mark.slow  # ten seconds of compiling; test_train.py trains without a command line
def test_train_and_read_back_from_the_command_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "crops").mkdir()
    folder_of(tmp_path / "crops", ["ab", "1"])
    options = ("--samples", 15, "--batch", 4, "--width", 16, "--log-every", 1, "--precision", "float32")
    with caplog.at_level("INFO"):
        result = run(
            "train", "--data", tmp_path / "crops", "--out", tmp_path / "run", "--evaluate-on", tmp_path / "crops", *options, "--json"
        )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["samples"] == 12
    assert "15 samples are no whole number of batches of 4: 12 are seen" in caplog.text
    assert np.isfinite(report["evaluations"]["crops"]["cer"])
    assert keras.models.load_model(report["reader"]).output_shape == (None, 3, 93)
