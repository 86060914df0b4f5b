"""Charts as SVG that takes its colours and letters from the page around it. Needs matplotlib, which is imported when one is drawn."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from synthgen.arrays import F64, I64
from synthgen.charts import Panel
from synthgen.errors import SynthgenError
from synthgen.report.markup import Markup, element

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_AN_INCH = 72  # of matplotlib's SVG: a point is a CSS pixel
INK, RULE, BAR, NONE = "#010101", "#020202", "#030303", "#040404"  # stand for the page's own colours, which change with its theme
COLOURS = {INK: "currentColor", RULE: "var(--rule)", BAR: "var(--bar)", NONE: "var(--alert)"}
STYLE = {
    "svg.fonttype": "none",  # text stays text: read aloud, and in the page's font
    "svg.hashsalt": "synthgen",  # equal charts give equal bytes
    "font.size": 11,
    "text.parse_math": False,  # a lone $ is a price
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), RULE),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.spines.left"), False),
    "ytick.major.size": 0,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
}
HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")  # matplotlib escapes both signs in texts
NAMED = re.compile(r'\b(id="|href="#|url\(#)')
NAMESPACE = re.compile(r'\sxmlns(:\w+)?="[^"]*"')
SIZE = re.compile(r'(?<=\s)(?:width|height)="[^"]*"\s?')
FAMILY = re.compile(r"font: (?:\w+ )*?([\d.]+)px [^;\"]*")


@dataclass(frozen=True)
class Chart:
    """A chart that was asked for."""

    name: str  # of its element; unlike all others on the page
    label: str  # what it shows, for who cannot see it
    draw: Panel
    size_px: tuple[int, int]  # width, height
    notes: Sequence[str]  # shown at each bar, in the order drawn
    left_px: int = 44  # room for the names of the vertical axis


def need_matplotlib() -> None:
    """Check that charts can be drawn, before a long run is read for them.

    Raises:
        SynthgenError: matplotlib is not installed.
    """
    try:
        import matplotlib as _  # noqa: F401 - found is enough
    except ImportError as error:
        raise SynthgenError("synthgen inspect: need matplotlib to draw charts, found none; pip install 'synthgen[inspect]'") from error


def svg(chart: Chart) -> Markup:
    """Return a chart as an element of the page.

    Raises:
        SynthgenError: matplotlib is not installed.
    """
    need_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    out = StringIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # only measured here: the page's own fonts draw it
        width, height = chart.size_px
        figure = Figure(figsize=(width / DOTS_AN_INCH, height / DOTS_AN_INCH))
        FigureCanvasSVG(figure)
        left, right, below, above = chart.left_px, 10, 22, 8  # pixels; measuring them takes longer than drawing
        chart.draw(figure.add_axes((left / width, below / height, 1 - (left + right) / width, 1 - (below + above) / height)))
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _at_home(out.getvalue(), chart)


def _at_home(drawn: str, chart: Chart) -> Markup:
    """Return matplotlib's file as part of a page: its names made unlike those of other charts, its colours the page's."""
    text = TAG.sub(lambda found: _tag(found.group(), chart.name), HEAD.sub("", drawn))
    for row, note in enumerate(chart.notes):
        group = f'<g id="{chart.name}-bar-{row}">'
        text = text.replace(group, f"{group}{element('title', note)}")
    head, _, rest = text.partition(">")
    about = str(element("svg", role="img", id=chart.name, aria_label=chart.label)).removesuffix("></svg>")
    return Markup(f"{about} {SIZE.sub('', head).removeprefix('<svg').strip()}>{rest.strip()}")


def _tag(tag: str, name: str) -> str:
    tag = NAMESPACE.sub("", tag).replace("xlink:href", "href")
    tag = FAMILY.sub(r"font-size: \1px", NAMED.sub(rf"\g<1>{name}-", tag))
    for stand_in, colour in COLOURS.items():
        tag = tag.replace(stand_in, colour)
    return tag


def columns(places: F64, heights: I64, width: float, axes: "Axes", *, log: bool = False) -> None:
    """Draw bars that stand at `places` (n,), their left edges, each `width` wide."""
    for row, bar in enumerate(axes.bar(places, heights, width * 0.92, align="edge", color=BAR)):
        bar.set_gid(f"bar-{row}")
    if log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=10.0 ** np.floor(np.log10(heights[heights > 0].min() / 2)))  # so that the rarest has a bar too
        axes.minorticks_off()
    axes.margins(x=0.01)
    axes.yaxis.set_major_formatter(_short)
    if not log:
        axes.locator_params(axis="y", nbins=4, integer=True)
        axes.locator_params(axis="x", integer=True)


def characters(alphabet: str, counts: I64, axes: "Axes") -> None:
    """Draw a bar a character, on a logarithmic axis as the rarest matter most; one that never occurs gets a mark of its own."""
    columns(np.asarray(np.arange(len(alphabet)) - 0.46, dtype=np.float64), counts, 1.0, axes, log=bool(counts.any()))
    axes.set_xticks([])
    axes.set_xlim(-0.8, len(alphabet) - 0.2)
    for row in np.flatnonzero(counts == 0).tolist():
        axes.axvspan(row - 0.46, row + 0.46, color=NONE, alpha=0.16, linewidth=0)
    below = axes.get_xaxis_transform()
    for row, (char, count) in enumerate(zip(alphabet, counts.tolist(), strict=True)):  # ticks would take four times as long as texts
        shown, colour = "\u2423" if char == " " else char, INK if count else NONE
        axes.text(row, -0.04, shown, color=colour, transform=below, ha="center", va="top", parse_math=False)


def rows(names: Sequence[str], counts: I64, axes: "Axes") -> None:
    """Draw a lying bar a name, the first on top."""
    for row, bar in enumerate(axes.barh(range(len(names)), counts, 0.72, color=BAR)):
        bar.set_gid(f"bar-{row}")
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.xaxis.set_major_formatter(_short)
    axes.locator_params(axis="x", nbins=4, integer=True)
    axes.margins(y=0.01)


def _short(value: float, _place: float) -> str:
    """Return a number as short as an axis needs: 1.5M, 20k, 300."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def column_chart(name: str, label: str, bins: "Bins", size_px: tuple[int, int] = (340, 175)) -> Chart:
    """Return the chart of a histogram."""
    middle = 0.5 if bins.step == 1 else 0.0  # a bar of one number stands over that number
    draw = partial(columns, np.asarray(bins.edges[:-1] - middle, dtype=np.float64), bins.counts, float(bins.step))
    return Chart(name, label, draw, size_px, bins.notes)


@dataclass(frozen=True)
class Bins:
    """A histogram over whole numbers, `step` of them a bin."""

    edges: I64  # (bins + 1,)
    counts: I64  # (bins,)
    step: int
    unit: str = ""

    @property
    def notes(self) -> list[str]:
        """What each bin holds, in words."""
        return [f"{self.span(row)}: {count:,}" for row, count in enumerate(self.counts.tolist())]

    def span(self, row: int) -> str:
        """Return which numbers a bin holds."""
        first, last = int(self.edges[row]), int(self.edges[row + 1]) - 1
        return f"{first}{self.unit}" if first == last else f"{first}\u2013{last}{self.unit}"


def binned(seen: I64, most: int, unit: str = "") -> Bins:
    """Return a histogram of at most `most` + 1 bins from how often 0, 1, 2, ... was seen; steps of 1, 2 or 5 times a power of ten."""
    found = np.flatnonzero(seen)
    first, last = (int(found[0]), int(found[-1])) if len(found) else (0, 0)
    step = next(size for size in (digit * 10**power for power in range(6) for digit in (1, 2, 5)) if (last - first + 1) / size <= most)
    low = first // step * step
    edges = np.arange(low, last + step + 1, step, dtype=np.int64)
    padded = np.zeros(int(edges[-1]), dtype=np.int64)
    padded[: len(seen)] = seen[: len(padded)]
    return Bins(edges, padded[low:].reshape(-1, step).sum(axis=1), step, unit)
