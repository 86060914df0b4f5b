"""What a page shows of a sample is what pictures show of it: the same outlines, colours and widths, maps coloured and blended alike."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw

from synthgen.arrays import F64, U8, Bools, Image
from synthgen.draw import MAPS, OUTLINES, Layer, drawn, heated, stored_layers
from synthgen.report import charts_of
from synthgen.report.findings import look
from synthgen.report.markup import Markup
from synthgen.report.overlay import as_entries, filters, legend, style_sheet
from synthgen.report.page import page
from synthgen.report.samples import scene_entry, word_entry
from synthgen.shards.manifest import Json
from synthgen.shards.read import read
from tests.fake_runs import fake_job, render
from tests.report_page import seen_in, words_of

TIMES = 8  # larger than the sample, so that lines can be told apart


@pytest.fixture(scope="module")
def rows(sound: dict[str, Path]) -> dict[str, Json]:
    """Return a row of each table, its quads moved a little off whole px."""
    found = {table: next(read(sound["parquet"], table=table)).to_pylist()[2] for table in ("words", "scenes")}
    found["scenes"]["words"][2]["quad"] = [4.0, 1, 30, 1, 30, 4, 4, 4]  # into the picture
    for char in found["scenes"]["chars"]:
        char["quad"] = [number + 0.37 for number in char["quad"]]
    return found


def rasterized(outlines: object, size: tuple[int, int]) -> Bools:
    """Return where Pillow draws the points that a page gets, `(h, w)`."""
    picture = Pictures.new("L", (size[1] * TIMES, size[0] * TIMES))
    for numbers in outlines:  # type: ignore[attr-defined]  # lists of numbers
        points = [(numbers[k] * TIMES, numbers[k + 1] * TIMES) for k in range(0, len(numbers), 2)]
        ImageDraw.Draw(picture).line([*points, points[0]], fill=255)
    return np.asarray(picture) > 0


def grown(mask: Bools) -> Bools:
    padded = np.pad(mask, 1)
    rows = np.arange(mask.shape[0])[:, None], np.arange(mask.shape[1])
    return np.asarray(np.any([padded[rows[0] + dy, rows[1] + dx] for dy in range(3) for dx in range(3)], axis=0), dtype=np.bool_)


@pytest.mark.parametrize("table", ["words", "scenes"])
def test_a_page_gets_the_outlines_that_pictures_show(rows: dict[str, Json], table: str) -> None:
    row = rows[table]
    size = (int(str(row["height"])), int(str(row["width"])))
    entry, _ = (word_entry if table == "words" else scene_entry)(row)
    shown = {str(layer["kind"]): layer for layer in entry["layers"]}  # type: ignore[attr-defined]  # a list of dicts
    layers = stored_layers(row)
    assert [*shown] == [layer.kind for layer in layers] and len(shown) == (1 if table == "words" else 4)
    black = np.zeros((*size, 3), dtype=np.uint8)
    for layer in layers:
        pixels = np.asarray((drawn(black, [layer], enlarge=TIMES) > 60).any(axis=2))
        lines = rasterized(shown[layer.kind]["outlines"], size)
        assert pixels.any() and not (pixels & ~grown(grown(lines))).any() and not (lines & ~grown(grown(pixels))).any(), layer.kind


def test_an_outline_that_is_elsewhere_would_be_told_apart(rows: dict[str, Json]) -> None:
    black = np.zeros((16, 28, 3), dtype=np.uint8)
    (layer,) = stored_layers(rows["words"])
    moved = Layer(layer.kind, [points + np.float32(0.5) for points in layer.outlines])
    (entry,) = as_entries([moved])
    pixels = np.asarray((drawn(black, [layer], enlarge=TIMES) > 60).any(axis=2))
    assert (rasterized(entry["outlines"], (16, 28)) & ~grown(grown(pixels))).any()


def test_colours_and_widths_of_a_page_are_those_of_pictures() -> None:
    styles = dict(re.findall(r"\.layer\.(\w+) path \{ stroke: (#\w+; stroke-width: [\d.]+)px; \}", style_sheet()))
    assert styles == {kind: f"#{bytes(look.rgb).hex()}; stroke-width: {look.width_px:g}" for kind, look in OUTLINES.items()}
    labels = {kind: look.label for kind, look in OUTLINES.items()} | {kind: look.label for kind, look in MAPS.items()}
    assert {entry["kind"]: entry["label"] for entry in legend()} == labels
    assert [entry["kind"] for entry in legend()] == [*reversed([*OUTLINES]), *MAPS]


def test_no_colour_of_a_layer_stands_in_the_files_of_the_page() -> None:
    folder = Path(page.__code__.co_filename).parent
    written = "".join((folder / name).read_text(encoding="utf-8") for name in ("page.css", "page.js", "page.html"))
    assert not any(f"#{bytes(look.rgb).hex()}" in written.lower() for look in OUTLINES.values())
    assert not re.search(r"tableValues|feColorMatrix|stroke-width|stroke:", written)


def filtered(picture: Image, values: U8, kind: str) -> F64:
    """Return a picture under a map as the SVG filter of its kind says, by the letter of the specification (Filter Effects 1)."""
    (told,) = re.findall(rf'<filter id="heat-{kind}"[^>]*>.*?</filter>', filters(), re.DOTALL)
    matrix = np.array(re.findall(r'values="([^"]*)"', told)[0].split(), dtype=np.float64).reshape(4, 5)
    grey = np.stack([values / 255] * 3 + [np.ones(values.shape)] * 2, axis=-1)
    channels = np.clip(grey @ matrix.T, 0, 1)
    tables = {
        name: np.array(table.split(), dtype=np.float64)
        for name, table in re.findall(r'<feFunc(\w) type="table" tableValues="([^"]*)"', told)
    }
    mapped = [np.interp(channels[..., k], np.linspace(0, 1, len(tables[name])), tables[name]) for k, name in enumerate("RGBA")]
    cover = mapped[3][..., None]
    return np.asarray(picture * (1 - cover) + 255 * np.stack(mapped[:3], axis=-1) * cover)


@pytest.mark.parametrize("kind", MAPS)
def test_maps_of_a_page_are_coloured_and_blended_as_those_of_pictures(kind: str) -> None:
    values = np.tile(np.arange(256, dtype=np.uint8), (2, 1))
    for shade in (0, 90, 255):
        picture = np.full((2, 256, 3), shade, dtype=np.uint8)
        assert np.abs(filtered(picture, values, kind) - heated(picture, values, kind)).max() <= 1


def test_a_page_has_a_filter_for_each_map_and_points_that_are_no_number_are_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts_of, "svg", lambda chart: Markup("<svg></svg>"))
    shard = words_of(["ab"], ["F"], tmp_path / "words-00000.parquet")
    render(fake_job(tmp_path / "run", n=0, scenes=4))
    for place in (shard, tmp_path / "run"):
        assert {f"heat-{kind}" for kind in MAPS} <= set(seen_in(page(look(place, 4, seed=0))).ids)
    odd = np.array([[1, np.nan], [np.inf, 2.26]], dtype=np.float32)
    assert as_entries([Layer("words", [odd], [7])]) == [{"kind": "words", "outlines": [[1.0, None, None, 2.3]], "words": [7]}]
