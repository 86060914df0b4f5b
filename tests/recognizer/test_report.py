"""What an evaluation leaves on disk: a table, a JSON file and pictures, each whole or not there."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from recognizer import report
from recognizer.decode import greedy
from recognizer.evaluate import Evaluation, Prediction, evaluate
from recognizer.reading import WordReader
from recognizer.report import confusion_map, predictions_file, save_report, save_scores, save_sheet, save_worst_sheet
from synthgen.arrays import U8
from synthgen.charts import Panel
from synthgen.errors import SynthgenError
from tests.recognizer.labelled_fixture import ALPHABET, block_of, telling

TRUTHS = ["Milk", "tea", "&", "oats", "Salt", "a b", "$5"]
READ = ["Milk", "Tea", "%", "oast", "", "ab", "$$5"]
READER = WordReader(telling(READ), greedy, ALPHABET)


@pytest.fixture
def evaluation() -> Evaluation:
    return evaluate(READER, [block_of(TRUTHS)])


def picture(path: Path) -> U8:
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)


def test_every_prediction_is_a_row_of_the_table(tmp_path: Path) -> None:
    with predictions_file(tmp_path / "read.csv") as write:
        evaluate(READER, [block_of(TRUTHS[:2]), block_of([])], write)
        evaluate(READER, [block_of(TRUTHS)], write)
    with (tmp_path / "read.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 + len(TRUTHS)
    assert [tuple(row.values()) for row in rows[2:6]] == [
        ("0.png", "Milk", "Milk", rows[2]["confidence"], "1", "1"),
        ("1.png", "tea", "Tea", rows[3]["confidence"], "0", "1"),
        ("2.png", "&", "%", rows[4]["confidence"], "0", ""),
        ("3.png", "oats", "oast", rows[5]["confidence"], "0", "0"),
    ]
    assert all(0.99 < float(row["confidence"]) <= 1 for row in rows)


def test_texts_with_commas_quotes_and_foreign_letters_come_back_as_they_were(tmp_path: Path) -> None:
    texts = ['1,5 l "x"', "мука", "a\nb"]
    with predictions_file(tmp_path / "read.csv") as write:
        evaluate(READER, [block_of(texts)], write)
    with (tmp_path / "read.csv").open(encoding="utf-8", newline="") as file:
        assert [row["truth"] for row in csv.DictReader(file)] == texts


def test_an_evaluation_that_fails_leaves_no_table(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="out of memory"), predictions_file(tmp_path / "read.csv") as write:
        evaluate(READER, [block_of(TRUTHS)], write)
        raise RuntimeError("out of memory")
    assert list(tmp_path.iterdir()) == []


def test_scores_are_stored_as_json(tmp_path: Path, evaluation: Evaluation) -> None:
    save_scores(evaluation, tmp_path / "scores.json")
    stored = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(evaluation.to_json()))
    assert stored["count"] == len(TRUTHS)


def test_the_map_of_confusions_counts_mistakes_alone_most_confused_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "TOP", 2)
    found = evaluate(WordReader(telling(["1a", "a1", "0b", "c", "1"]), greedy, ALPHABET), [block_of(["la", "al", "ob", " c d", "I"])])
    rows, columns, counts = confusion_map(found)
    assert (rows, columns) == (["l", report.SPACE], ["1", report.NONE])  # " c d" is folded to "c d", and its end left out
    assert counts.tolist() == [[2, 0], [0, 1]]


def test_the_map_of_confusions_leaves_out_what_was_read_right() -> None:
    found = evaluate(WordReader(telling(["l", "l", "1"]), greedy, ALPHABET), [block_of(["l", "1", "l"])])
    rows, columns, counts = confusion_map(found)
    assert {(a, b): int(counts[r, c]) for r, a in enumerate(rows) for c, b in enumerate(columns)} == {
        ("l", "1"): 1, ("1", "l"): 1, ("l", "l"): 0, ("1", "1"): 0,
    }  # fmt: skip


def test_the_map_of_confusions_of_no_mistakes_is_empty() -> None:
    rows, columns, counts = confusion_map(evaluate(WordReader(telling(["a"]), greedy, ALPHABET), [block_of(["a"])]))
    assert (rows, columns, counts.shape) == ([], [], (0, 0))


def test_the_report_has_three_charts_side_by_side(tmp_path: Path, evaluation: Evaluation) -> None:
    save_report(evaluation, tmp_path / "report.png")
    drawn = picture(tmp_path / "report.png")
    assert drawn.shape == (480, 3 * 640, 3)
    assert all((panel < 200).any() for panel in np.split(drawn, 3, axis=1))
    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]


def test_a_report_without_mistakes_is_drawn_too(tmp_path: Path) -> None:
    save_report(evaluate(WordReader(telling(["a"]), greedy, ALPHABET), [block_of(["a"])]), tmp_path / "report.png")
    assert picture(tmp_path / "report.png").shape == (480, 3 * 640, 3)


def test_the_charts_show_the_figures_of_the_evaluation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, evaluation: Evaluation) -> None:
    drawn: list[Axes] = []

    def draw(final: Path, title: str, panels: Sequence[Panel]) -> None:
        drawn.extend(Figure().subplots(1, len(panels)))
        for axes, panel in zip(drawn, panels, strict=True):
            panel(axes)

    monkeypatch.setattr(report, "save_charts", draw)
    save_report(evaluation, tmp_path / "report.png")
    lengths, confusions, confidences = drawn
    exact, bare, words = (heights(lengths, n) for n in range(3))
    assert list(evaluation.by_length) == [1, 2, 3, 4]
    assert exact == [0, 0, 0, 1 / 3] and bare == [0, 1, 1, 1 / 3] and words == [1 / 7, 1 / 7, 2 / 7, 3 / 7]
    assert sum(int(text.get_text()) for text in confusions.texts) == sum(count for _, count in evaluation.confusions())
    assert [sum(heights(confidences, n)) for n in range(2)] == [4, 3]  # right, wrong
    assert confidences.get_legend_handles_labels()[1] == ["right", "wrong"]


def heights(axes: Axes, series: int) -> list[float]:
    return [bar.get_height() for bar in axes.containers[series] if isinstance(bar, Rectangle)]


@pytest.mark.parametrize("by", ["confidence", "cer"])
def test_the_sheet_shows_what_the_reader_saw_of_the_worst_first(tmp_path: Path, evaluation: Evaluation, by: str) -> None:
    save_worst_sheet(evaluation, tmp_path / "worst.png", by)  # type: ignore[arg-type] # one of the two
    drawn = picture(tmp_path / "worst.png")
    worst = evaluation.surest if by == "confidence" else evaluation.farthest
    assert (drawn[4 : 4 + 64, 4 : 4 + 32] == worst[0].picture[0, 0]).all()
    for found in worst:
        assert (drawn == found.picture[0, 0]).all(axis=2).sum() >= 64 * 32


def test_captions_say_truth_reading_and_confidence_and_have_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[U8] = []
    captions: list[str] = []

    def sheet(pictures: list[U8], texts: list[str]) -> U8:
        shown.extend(pictures)
        captions.extend(texts)
        return np.zeros((1, 1, 3), dtype=np.uint8)

    watched: list[Prediction] = []
    evaluate(READER, [block_of(["W" * 31, "tea", "x", "y", "Salt"])], watched.append)
    monkeypatch.setattr(report, "contact_sheet", sheet)
    save_sheet(watched, tmp_path / "a.png")
    assert captions[1] == "tea > Tea 1.00" and captions[4] == f"Salt > {report.NONE} 1.00"
    for picture, caption in zip(shown, captions, strict=True):
        (across, _), _ = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 1)
        assert across <= picture.shape[1] and picture.shape[0] == 64


def test_without_mistakes_the_sheet_says_so(tmp_path: Path) -> None:
    save_worst_sheet(evaluate(WordReader(telling(["a"]), greedy, ALPHABET), [block_of(["a"])]), tmp_path / "worst.png")
    assert (picture(tmp_path / "worst.png") < 200).any()


@pytest.mark.parametrize("save", [save_scores, save_report, save_worst_sheet])
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, evaluation: Evaluation, save: Callable[[Evaluation, Path], None]) -> None:
    with pytest.raises(SynthgenError, match="cannot be written"):
        save(evaluation, tmp_path / "no such folder" / "a.png")
