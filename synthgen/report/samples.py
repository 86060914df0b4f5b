"""Samples for the wall of a report, drawn over the whole run, with their pictures: as the page's script takes them."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthgen.draw import MAPS, stored_layers
from synthgen.report.overlay import as_entries
from synthgen.report.spread import shuffled, spread
from synthgen.report.tally import word_heights
from synthgen.shards.groups import ShardGroups
from synthgen.shards.manifest import Json
from synthgen.shards.row_checks import need_values

WORD_COLUMNS = ("index", "image", "width", "height", "text", "char_quads", "font", "background", "source", "split", "contrast")
SCENE_COLUMNS = ("index", "image", "width", "height", "words", "chars", "region", "affinity", "background", "split")
PNG = b"\x89PNG"


@dataclass(frozen=True)
class Wall:
    """Samples of one table in the order of the run."""

    samples: Sequence[Json]
    left_out: int  # drawn, but not shown: the page would have become too large


def wall(groups: ShardGroups, wanted: int, seed: int, most_bytes: int) -> Wall:
    """Return up to `wanted` samples whose pictures take no more than `most_bytes` in the page.

    Row groups are read in an order of chance, so that what fits is still drawn over the whole run.

    Raises:
        SynthgenError: a shard was changed, removed or damaged since it was opened.
    """
    ends = np.cumsum(groups.sizes, dtype=np.int64)
    rows = spread(int(ends[-1]) if len(ends) else 0, wanted, seed)
    of = np.searchsorted(ends, rows, side="right")  # row group of each row
    places = np.unique(of)
    columns, told = TABLES[groups.table]
    shown: list[tuple[int, Json]] = []
    used = 0
    for place in places[shuffled(len(places), seed)].tolist():
        taken = rows[of == place]
        whole = groups.load(place, columns)
        need_values(whole, groups.place)
        batch = whole.take(pa.array(taken - (ends[place] - groups.sizes[place])))
        for row, sample in zip(taken.tolist(), batch.to_pylist(), strict=True):
            entry, size_bytes = told(sample)
            used += size_bytes
            if used > most_bytes:
                return Wall(_in_order(shown), len(rows) - len(shown))
            shown.append((row, entry))
    return Wall(_in_order(shown), 0)


def _in_order(shown: list[tuple[int, Json]]) -> list[Json]:
    return [entry for _, entry in sorted(shown, key=lambda pair: pair[0])]


def word_entry(row: Json) -> tuple[Json, int]:
    """Return a word as the page takes it, and its size there in bytes, about."""
    picture = data_url(row["image"])
    plain = {name: row[name] for name in ("index", "width", "height", "text", "font", "background", "source", "split")}
    layers = as_entries(stored_layers(row))
    entry = {**plain, "contrast": _rounded(row["contrast"], 2), "picture": picture, "maps": {}, "layers": layers}
    return entry, len(picture) + _size(layers) + 200


def scene_entry(row: Json) -> tuple[Json, int]:
    """Return a scene as the page takes it, and its size there in bytes, about."""
    picture, maps = data_url(row["image"]), {kind: data_url(row[kind]) for kind in MAPS}
    plain = {name: row[name] for name in ("index", "width", "height", "background", "split")}
    words = [_scene_word(word) for word in row["words"]]  # type: ignore[attr-defined]  # rows come from Arrow: a list of dicts
    layers = as_entries(stored_layers(row))
    size = len(picture) + sum(map(len, maps.values())) + _size(layers) + 120 * len(words) + 200
    return {**plain, "picture": picture, "maps": maps, "words": words, "layers": layers}, size


def _size(layers: list[Json]) -> int:
    return sum(8 * len(points) + 8 for layer in layers for points in layer["outlines"])  # type: ignore[attr-defined,misc]  # lists of lists


def _scene_word(word: Json) -> Json:
    plain = {name: word[name] for name in ("text", "font", "line", "ignore")}
    height = float(word_heights(np.array(word["quad"], dtype=np.float32))[0])
    return {**plain, "visible": _rounded(word["visible"], 2), "height": _rounded(height, 1)}


def data_url(picture: object) -> str:
    """Return a stored picture as a URL that holds it; "" for one without bytes."""
    content = picture.get("bytes") if isinstance(picture, dict) else None
    if not content:
        return ""
    kind = "png" if content.startswith(PNG) else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _rounded(number: object, digits: int) -> float | None:
    """Return a shorter number, None for one that JSON does not know."""
    return round(number, digits) if isinstance(number, float) and np.isfinite(number) else None


TABLES: dict[str, tuple[Sequence[str], Callable[[Json], tuple[Json, int]]]] = {
    "words": (WORD_COLUMNS, word_entry),
    "scenes": (SCENE_COLUMNS, scene_entry),
}
