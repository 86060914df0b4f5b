"""Charts: every panel drawn where it belongs, what is shown taken from the figures given, nothing half written."""

import errno
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from synthgen.charts import bars, heat, histogram, save_charts
from synthgen.errors import SynthgenError


@pytest.fixture
def axes() -> Axes:
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()


def dot(place: float, axes: Axes) -> None:
    axes.plot([place], [place], "o")


def rectangles(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def test_panels_stand_side_by_side_in_one_png(tmp_path: Path) -> None:
    save_charts(tmp_path / "a.png", "two", [partial(dot, 1), partial(dot, 2)])
    drawn = np.asarray(cv2.imread(str(tmp_path / "a.png")))
    assert drawn.shape == (480, 1280, 3)
    assert all((half.min(axis=2) < 100).any() for half in np.split(drawn, 2, axis=1))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_equal_charts_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    for name, place in (("a", 1), ("b", 1), ("c", 2)):
        save_charts(tmp_path / name, "one", [partial(dot, place)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_chart_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(axes: Axes) -> None:
        raise RuntimeError("no figures")

    with pytest.raises(RuntimeError, match="no figures"):
        save_charts(tmp_path / "a.png", "one", [fail])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_a_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(figure: Figure, path: Path, **options: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Figure, "savefig", save)
    with pytest.raises(SynthgenError, match=r"a\.png: cannot be written: the disk is full"):
        save_charts(tmp_path / "a.png", "one", [partial(dot, 1)])
    assert list(tmp_path.iterdir()) == []


def test_a_missing_matplotlib_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SynthgenError, match=r"a\.png: need matplotlib to draw charts, found none; pip install 'synthgen\[train\]'"):
        save_charts(tmp_path / "a.png", "one", [])


def test_the_bars_of_a_place_stand_round_it_one_a_series(axes: Axes) -> None:
    bars("t", [1, 2, 5], {"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6]}, axes)
    drawn = sorted((round(bar.get_x() + bar.get_width() / 2, 6), bar.get_height()) for bar in rectangles(axes))
    assert drawn == [(0.8, 0.1), (1.2, 0.4), (1.8, 0.2), (2.2, 0.5), (4.8, 0.3), (5.2, 0.6)]
    assert axes.get_legend_handles_labels()[1] == ["a", "b"] and axes.get_legend() is not None


def test_series_of_a_histogram_are_stacked(axes: Axes) -> None:
    histogram("t", np.array([0.0, 0.5, 1.0]), {"a": np.array([1, 2]), "b": np.array([3, 4])}, axes)
    assert [(bar.get_x(), bar.get_y(), bar.get_height()) for bar in rectangles(axes)] == [(0, 0, 1), (0.5, 0, 2), (0, 1, 3), (0.5, 2, 4)]


def test_a_map_of_cells_shows_each_number_that_is_not_0_in_its_cell(axes: Axes) -> None:
    heat("t", ["a", "$"], ["x", "$y$", "z"], np.array([[0, 7, 0], [2, 0, 0]]), axes)
    assert [(text.get_position(), text.get_text()) for text in axes.texts] == [((1, 0), "7"), ((0, 1), "2")]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["x", "$y$", "z"]
    axes.figure.canvas.draw()
    assert not any(tick.get_parse_math() for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()))


def test_numbers_of_a_map_stand_out_from_their_cells_however_close_they_are(axes: Axes) -> None:
    heat("t", ["a"], ["x", "y"], np.array([[863, 913]]), axes)
    assert [text.get_color() for text in axes.texts] == ["black", "white"]  # on the palest and on the darkest shade


def test_a_map_without_cells_is_drawn_too(axes: Axes) -> None:
    heat("t", [], [], np.zeros((0, 0), dtype=np.int64), axes)
    axes.figure.canvas.draw()
