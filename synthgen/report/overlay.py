"""The layers of samples for the browser to draw: outlines as SVG paths, maps as pictures behind a filter, all with the looks of `draw`."""

from collections.abc import Iterable
from importlib.resources import files

import numpy as np

from synthgen.draw import MAPS, OPACITY, OUTLINES, RISE, Layer, in_order
from synthgen.report.markup import Markup, element, joined
from synthgen.shards.manifest import Json


def as_entries(layers: Iterable[Layer]) -> list[Json]:
    """Return layers as the page's script takes them, in the order drawn: x, y, x, y and so on of each outline, None where not finite."""
    return [
        {"kind": layer.kind, "outlines": [tenths(points.reshape(-1).tolist()) for points in layer.outlines], "words": [*layer.words]}
        for layer in in_order(layers)
    ]


def tenths(numbers: Iterable[float]) -> list[float | None]:
    """Return shorter numbers, None for those that JSON does not know."""
    return [round(number, 1) if np.isfinite(number) else None for number in numbers]


def legend() -> list[dict[str, str]]:
    """Return kind, label and colour of every layer, in the order of their buttons: the uppermost outlines first."""
    lines = [{"kind": kind, "label": look.label, "colour": _css(look.rgb)} for kind, look in reversed([*OUTLINES.items()])]
    return [*lines, *({"kind": kind, "label": look.label, "colour": _css(look.ramp[len(look.ramp) // 2])} for kind, look in MAPS.items())]


def palette() -> str:
    """Return the colours and fonts of our pages, light and dark, as the head of a style sheet."""
    return (files("synthgen.report") / "palette.css").read_text(encoding="utf-8")


def style_sheet() -> str:
    """Return how outlines and maps look, and that they are seen where the body has the class of their kind."""
    lines = [f".layer.{kind} path {{ stroke: {_css(look.rgb)}; stroke-width: {look.width_px:g}px; }}" for kind, look in OUTLINES.items()]
    maps = [f"img.layer.{kind} {{ filter: url(#heat-{kind}); }}" for kind in MAPS]
    return "\n".join([*lines, *maps, *(f".show-{kind} .frame .{kind} {{ display: block; }}" for kind in (*OUTLINES, *MAPS))])


def filters() -> Markup:
    """Return the SVG filters that colour grey maps and let the picture through, as `draw.heated` does."""
    return joined(*(_filter(kind) for kind in MAPS))


def _filter(kind: str) -> Markup:
    ramp = np.array(MAPS[kind].ramp) / 255
    spread = element(
        "feColorMatrix", values="  ".join(["1 0 0 0 0"] * 3) + f"  {RISE:g} 0 0 0 0"
    )  # alpha: RISE times the value, cut off at 1
    tables = {f"feFunc{letter}": " ".join(f"{value:.4g}" for value in values) for letter, values in zip("RGB", ramp.T, strict=True)}
    curves = [element(name, type="table", tableValues=told) for name, told in {**tables, "feFuncA": f"0 {OPACITY:g}"}.items()]
    return element("filter", spread, element("feComponentTransfer", *curves), id=f"heat-{kind}", color_interpolation_filters="sRGB")


def _css(rgb: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in rgb)
