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

from detector import report
from detector.evaluate import Evaluation, evaluate
from detector.examination import examine
from detector.labelled import LabelledPhoto, Photos
from detector.report import Overlays, Worst, predictions_file, save_report, save_scores, sweep_map
from synthgen.arrays import U8
from synthgen.charts import Panel
from synthgen.errors import SynthgenError
from tests.detector.photos_fixture import as_found, finder_of, labelled, painted, quads_of, truth_of, write_photos

A, B = (20, 20, 100, 50), (120, 20, 220, 50)


def photos() -> list[LabelledPhoto]:
    """Return three photos: all found, a word missed and a false alarm, two missed."""
    both = painted((A, 0.9), (B, 0.8))
    return [
        labelled("x/good.png", both),
        labelled("y/good.png", painted((A, 0.9)), truth_of(as_found(both)[1:])),
        labelled("y/bad, worse.png", painted(((5, 80, 60, 110), 0.9)), truth_of(as_found(both))),
    ]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(finder_of(), photos(), swept=True)


def picture(path: Path) -> U8:
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)[:, :, ::-1]


def test_every_word_found_is_a_row_of_the_table(tmp_path: Path) -> None:
    with predictions_file(tmp_path / "found.csv") as write:
        evaluate(finder_of(), photos(), write)
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["file", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4", "score", "line"]
    assert [row[0] for row in rows[1:]] == ["x/good.png", "x/good.png", "y/good.png", "y/bad, worse.png"]
    corners = np.array([[float(cell) for cell in row[1:9]] for row in rows[1:3]]).reshape(-1, 4, 2)
    assert corners == pytest.approx(as_found(photos()[0].photo), abs=0.005)
    assert [row[9:] for row in rows[1:3]] == [["0.9020", "0"], ["0.8000", "0"]]


def test_an_evaluation_that_fails_leaves_no_table(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="out of memory"), predictions_file(tmp_path / "found.csv"):
        raise RuntimeError("out of memory")
    assert list(tmp_path.iterdir()) == []


def test_scores_are_stored_as_json(tmp_path: Path, evaluation: Evaluation) -> None:
    save_scores(evaluation, tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text(encoding="utf-8")) == evaluation.to_json()


def test_overlays_of_photos_of_one_name_are_kept_apart_and_large_ones_are_made_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "OVERLAY_PX", 128)
    overlays = Overlays(tmp_path / "a" / "b")
    evaluate(finder_of(), photos(), overlays)
    assert sorted(path.name for path in overlays.folder.iterdir()) == ["00001-good.png", "00002-good.png", "00003-bad, worse.png"]
    assert picture(overlays.folder / "00001-good.png").shape == (64, 128, 3)
    small = np.zeros((20, 30, 3), dtype=np.uint8)
    assert np.array_equal(picture(overlays.add("../up/c.jpg", small)), small) and (overlays.folder / "00004-c.png").is_file()


def test_the_sheet_shows_the_photos_with_most_faults_first_and_no_good_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worst = Worst()
    evaluate(finder_of(), [*photos(), photos()[1]], worst)
    assert [(held[0], held[1], held[3]) for held in worst.held] == [
        (-3, 3, "bad, worse: 2 of 2 missed, 1 wrong"),
        (-2, 2, "good: 1 of 1 missed, 1 wrong"),
        (-2, 4, "good: 1 of 1 missed, 1 wrong"),
    ]
    worst.save(tmp_path / "worst.png")
    assert picture(tmp_path / "worst.png").shape[1] == 1440
    monkeypatch.setattr(report, "KEPT", 2)
    fewer = Worst()
    evaluate(finder_of(), [photos()[1], *photos(), photos()[1], photos()[2]], fewer)
    assert [held[:2] for held in fewer.held] == [(-3, 4), (-3, 6)]


def test_pictures_on_the_sheet_are_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report, "THUMB_PX", 100)
    worst = Worst()
    evaluate(finder_of(), photos(), worst)
    assert {held[2].shape for held in worst.held} == {(50, 100, 3)}
    worst.save(tmp_path / "worst.png")


def test_without_faults_the_sheet_says_so(tmp_path: Path) -> None:
    Worst().save(tmp_path / "worst.png")
    assert (picture(tmp_path / "worst.png") < 200).any()


def heights(axes: Axes, series: int) -> list[float]:
    return [bar.get_height() for bar in axes.containers[series] if isinstance(bar, Rectangle)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Axes]:
    """Return a list that the panels of a report are drawn into."""
    axes: list[Axes] = []

    def draw(final: Path, title: str, panels: Sequence[Panel]) -> None:
        axes.extend(Figure().subplots(1, len(panels), squeeze=False)[0])
        for own, panel in zip(axes, panels, strict=True):
            panel(own)

    monkeypatch.setattr(report, "save_charts", draw)
    return axes


def test_the_charts_show_the_figures_of_the_evaluation(drawn: list[Axes], tmp_path: Path, evaluation: Evaluation) -> None:
    save_report(evaluation, tmp_path / "report.png")
    scores, texts, grid = drawn
    assert [sum(heights(scores, n)) for n in range(2)] == [2, 2]  # right, wrong
    own = [counts for at, counts in evaluation.sweep.items() if (at.link, at.low_text) == (0.4, 0.4)]
    assert heights(texts, 0) == [counts.precision for counts in own] and heights(texts, 2) == [counts.h_mean for counts in own]
    links, lows, permille = sweep_map(evaluation)
    assert (links, lows) == ([0.2, 0.3, 0.4, 0.5], [0.2, 0.3, 0.4, 0.5])
    assert permille[2, 2] == round(1000 * evaluation.counts.h_mean) > 0
    assert len(grid.texts) == np.count_nonzero(permille)


def test_without_a_sweep_the_report_has_scores_alone(drawn: list[Axes], tmp_path: Path) -> None:
    save_report(evaluate(finder_of(), photos()), tmp_path / "report.png")
    assert len(drawn) == 1


def test_an_examination_leaves_all_its_files(tmp_path: Path) -> None:
    place = write_photos(tmp_path / "photos", photos())
    told = examine(finder_of(), Photos(place), tmp_path / "out", swept=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "evaluation.json", "overlays", "predictions.csv", "report.png", "worst.png",
    ]  # fmt: skip
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == told["count_photos"] == 3
    assert picture(tmp_path / "out" / "report.png").shape == (480, 3 * 640, 3)
    assert told == json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert examine(finder_of(), Photos(place), None, swept=True) == told


def test_a_found_word_lies_where_the_table_of_true_ones_said(tmp_path: Path) -> None:
    place = write_photos(tmp_path / "photos", [labelled("a.png", painted((A, 0.9)), truth_of(quads_of((10, 13, 110, 57))))])
    assert examine(finder_of(), Photos(place), None)["h_mean"] == 1.0


@pytest.mark.parametrize("save", [save_scores, save_report, lambda _, path: Worst().save(path)])
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, evaluation: Evaluation, save: Callable[[Evaluation, Path], None]) -> None:
    with pytest.raises(SynthgenError, match="cannot be written"):
        save(evaluation, tmp_path / "no such folder" / "a.png")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SynthgenError, match="cannot be written"):
        Overlays(tmp_path / "file" / "overlays").add("photo.jpg", np.zeros((8, 8, 3), np.uint8))
