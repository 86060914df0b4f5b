"""Charts for people: a row of panels in one PNG. Needs matplotlib, which is imported when the first is drawn."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthgen.arrays import F64, I64
from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_INCHES = (6.4, 4.8)  # width, height
DOTS_AN_INCH = 100

Panel = Callable[["Axes"], None]


def save_charts(final: Path, title: str, panels: Sequence[Panel]) -> None:
    """Draw `panels` side by side under `title`, 640 x 480 px each, and put them at `final` as PNG; equal charts give equal bytes.

    Raises:
        SynthgenError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure  # not pyplot: it has a global state, and may look for a screen
    except ImportError as error:
        raise SynthgenError(f"{final}: need matplotlib to draw charts, found none; pip install 'synthgen[train]'") from error
    figure = Figure(figsize=(PANEL_INCHES[0] * len(panels), PANEL_INCHES[1]), dpi=DOTS_AN_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, parse_math=False)
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw(axes)
    with atomic_path(final) as scratch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # it is drawn as an empty box
        figure.savefig(scratch, format="png", metadata={"Software": None})  # else the version of matplotlib


def bars(title: str, places: Sequence[int], series: Mapping[str, Sequence[float]], axes: "Axes") -> None:
    """Draw a group of bars at each of `places`, a bar for each of `series`."""
    width = 0.8 / len(series)  # the rest parts the groups
    for n, (name, heights) in enumerate(series.items()):
        axes.bar([place + (n + 0.5) * width - 0.4 for place in places], heights, width, label=name)
    axes.locator_params(axis="x", integer=True)
    axes.set_title(title, parse_math=False)
    axes.legend()


def histogram(title: str, edges: F64, series: Mapping[str, I64], axes: "Axes") -> None:
    """Draw how many of each of `series` (bins,) lie between `edges` (bins + 1,), one series on top of the other."""
    floor = np.zeros(len(edges) - 1, dtype=np.int64)
    for name, counts in series.items():
        axes.bar(edges[:-1], counts, np.diff(edges), bottom=floor, align="edge", label=name)
        floor = floor + counts
    axes.set_title(title, parse_math=False)
    axes.legend()


def heat(title: str, rows: Sequence[str], columns: Sequence[str], counts: I64, axes: "Axes") -> None:
    """Draw `counts` (rows, columns) as a map of cells, each with its number unless it is 0."""
    if counts.size:  # matplotlib warns of a picture without pixels
        axes.imshow(counts, cmap="Reds", aspect="auto")
    axes.set_yticks(range(len(rows)), rows, parse_math=False)  # a lone $ is a price, not mathematics
    axes.set_xticks(range(len(columns)), columns, parse_math=False)
    middle = (int(counts.min()) + int(counts.max())) / 2 if counts.size else 0  # shades go from the least to the greatest
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color="white" if count > middle else "black")
    axes.set_title(title, parse_math=False)
