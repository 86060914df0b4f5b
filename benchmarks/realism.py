"""How real rendered words look: distances of simple statistics from real crops, and how well a small classifier tells them apart.

    python benchmarks/realism.py --real DIR [--real DIR] --rendered SHARDS [--sheet OUT.png] [--most 3000] [--json]

DIR has `labels.csv` (`file,text`) beside its pictures; SHARDS is a run of `synthgen render` (Parquet), or another such DIR. Everything
is scaled to height 32 first, as for the reader. AUC 0.5: a coin flip; 1.0: told every time. It is given for rows as they come and for rows
of the same label lengths, classes of equal size both times. Needs scikit-learn (extra `bench`).
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from scipy.stats import wasserstein_distance
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from synthgen.arrays import F32, F64, I64, U8, Image
from synthgen.chance import Stream, uniforms

HEIGHT_PX = 32
FOLDS = 5
GROUPS = 50  # row groups of a run read at most, spread over its shards: about 50,000 rows
THUMB_PX = (16, 48)  # height, width of the grey thumbnail
COMPONENTS = 24  # of the thumbnails, kept
CELLS = (2, 4)  # rows, columns of gradient histograms
ANGLES = 8  # bins over half a turn
SHEET_PX = 1280
MARGIN_PX = 96  # for the words "real" and "rendered"
LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


@dataclass(frozen=True)
class Crops:
    """Words at height 32: pictures, their texts, and how many were left out and why."""

    images: list[Image]
    texts: list[str]
    dropped: Counter[str]

    def pick(self, rows: I64) -> "Crops":
        """Return the crops of `rows`, in that order."""
        return Crops([self.images[row] for row in rows], [self.texts[row] for row in rows], self.dropped)


def raw_crops(place: Path) -> Iterator[tuple[bytes, str]]:
    """Yield encoded picture and text of the rows of a labelled folder, or of Parquet shards."""
    if (place / "labels.csv").is_file():
        with (place / "labels.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield (place / row["file"]).read_bytes(), row["text"]
        return
    shards = [pq.ParquetFile(shard) for shard in (sorted(place.rglob("words-*.parquet")) if place.is_dir() else [place])]
    groups = [(shard, group) for shard in shards for group in range(shard.num_row_groups)]
    for shard, group in groups[:: -(-len(groups) // GROUPS) or 1]:
        table = shard.read_row_group(group, columns=["image", "text"]).combine_chunks()
        pictures = table["image"].combine_chunks().field("bytes").to_pylist()
        yield from zip(pictures, table["text"].to_pylist(), strict=True)


def read_crops(places: list[Path], most: int) -> Crops:
    """Return up to `most` crops of all places, spread evenly over their rows, scaled to height 32."""
    rows = [row for place in places for row in raw_crops(place)]
    images, texts, dropped = [], [], Counter[str]()
    for at in np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int) if rows else []:
        data, text = rows[at]
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
        if image is None or not text or min(image.shape[:2]) < 8:
            dropped["unreadable" if image is None else "without text" if not text else "under 8 px"] += 1
            continue
        images.append(scaled(np.asarray(image, dtype=np.uint8)))
        texts.append(text)
    return Crops(images, texts, dropped)


def scaled(image: Image) -> Image:
    """Return the picture at height 32, at least 8 px wide, averaged when made smaller."""
    height, width = image.shape[:2]
    way = cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_CUBIC
    size = (max(8, round(width * HEIGHT_PX / height)), HEIGHT_PX)
    return image if height == HEIGHT_PX else np.asarray(cv2.resize(image, size, interpolation=way), dtype=np.uint8)


def gradients(grey: F32) -> tuple[F32, F32]:
    """Return central differences along x and along y, each of the picture's shape."""
    down, right = np.gradient(grey)
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)


def statistics(image: Image, text: str) -> dict[str, float]:
    """Return the named figures of one word; luminance is 0 to 255.

    Source: colourfulness, Hasler & Susstrunk 2003, eq. 11 to 13; noise, Immerkaer 1996, eq. 6.
    """
    colour = image.astype(np.float32)
    grey = colour @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    low, middle, high = np.percentile(grey, (5, 50, 95))
    contrast = float(high - low) + 1.0  # an empty picture has none
    right, down = gradients(grey)
    slope = np.hypot(right, down)
    red_green, yellow_blue = colour[..., 0] - colour[..., 1], (colour[..., 0] + colour[..., 1]) / 2 - colour[..., 2]
    blocks = cv2.resize(grey, (8, 4), interpolation=cv2.INTER_AREA)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    return {
        "aspect per character": image.shape[1] / HEIGHT_PX / len(text),
        "contrast": contrast,
        "sharpness": float(np.percentile(slope, 95)) / contrast,
        "colourfulness": float(np.hypot(red_green.std(), yellow_blue.std()) + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean())),
        "luminance": float(grey.mean()),
        "saturation": float((np.ptp(colour, axis=2) / (colour.max(axis=2) + 1)).mean()),
        "noise": float(np.abs(cv2.filter2D(grey, -1, LAPLACE)[1:-1, 1:-1]).mean() * np.sqrt(np.pi / 2) / 6),
        "edge density": float((slope > contrast / 4).mean()),
        "edges at top and bottom": float(slope[[0, 1, -2, -1]].mean() / (slope.mean() + 1)),
        "edges at left and right": float(slope[:, [0, 1, -2, -1]].mean() / (slope.mean() + 1)),
        "ink darker than ground": float(2 * middle - high - low) / contrast,
        "flatness of the middle tones": float(np.median(slope)) / contrast,
        "blur across over blur along": float((np.abs(right).mean() + 0.1) / (np.abs(down).mean() + 0.1)),
        "unevenness": float(np.std([*blocks[0], *blocks[-1]])) / contrast,  # of the ground, mostly
        "8 px blocks": float((steps[7::8].mean() + 0.1) / (steps.mean() + 0.1)) if len(steps) > 8 else 1.0,
    }


def shapes(image: Image) -> tuple[F32, F32]:
    """Return the standardised grey thumbnail, `(16 * 48,)`, and gradient histograms, `(2 * 4 * 8,)`, shares of each cell."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    thumb = cv2.resize(grey, THUMB_PX[::-1], interpolation=cv2.INTER_AREA)
    right, down = gradients(grey)
    turn = ((np.arctan2(down, right) / np.pi % 1) * ANGLES).astype(int) % ANGLES
    rows, columns = (np.arange(n) * cells // n for n, cells in zip(grey.shape, CELLS, strict=True))
    cell = (rows[:, None] * CELLS[1] + columns) * ANGLES + turn
    counts = np.bincount(cell.ravel(), np.hypot(right, down).ravel(), CELLS[0] * CELLS[1] * ANGLES).reshape(-1, ANGLES)
    return ((thumb - thumb.mean()) / (thumb.std() + 1)).ravel(), (counts / (counts.sum(axis=1, keepdims=True) + 1)).ravel().astype(
        np.float32
    )


def features(crops: Crops) -> tuple[list[str], F64]:
    """Return names and values, `(n, features)`, of all that the classifier is shown; the thumbnails still whole."""
    figures = [statistics(image, text) for image, text in zip(crops.images, crops.texts, strict=True)]
    thumbs, histograms = zip(*map(shapes, crops.images), strict=True)
    names = [*figures[0], *(f"gradient row {n // 32} column {n // 8 % 4} at {n % 8 * 180 // 8} deg" for n in range(len(histograms[0])))]
    values = np.hstack([np.array([[*row.values()] for row in figures]), np.stack(histograms), np.stack(thumbs)])
    return [*names, *(f"pixel {n}" for n in range(thumbs[0].size))], values.astype(np.float64)


def components(names: list[str], values: F64) -> tuple[list[str], F64]:
    """Return `features` with the thumbnails' pixels replaced by their first principal components."""
    if "pixel 0" not in names:
        return names, values
    first = names.index("pixel 0")
    pixels = values[:, first:] - values[:, first:].mean(axis=0)
    axes = np.linalg.svd(pixels, full_matrices=False)[2][:COMPONENTS]
    return [*names[:first], *(f"thumbnail component {n}" for n in range(len(axes)))], np.hstack([values[:, :first], pixels @ axes.T])


def shuffled(rows: int, seed: int) -> I64:
    """Return the numbers 0 to `rows - 1` in an order that depends on `seed` alone."""
    return np.argsort(uniforms(seed, Stream.TEXT, np.arange(rows, dtype=np.uint64), draws=1)[:, 0]).astype(np.int64)


def equal_counts(real: Crops, rendered: Crops, *, same_lengths: bool) -> tuple[I64, I64]:
    """Return rows of both, as many of each; with `same_lengths` as many of each label length too, so the rarer side decides."""
    groups: list[dict[int, list[int]]] = []
    for seed, crops in enumerate((real, rendered)):
        groups.append({})
        for row in shuffled(len(crops.texts), seed):
            groups[-1].setdefault(len(crops.texts[row]) if same_lengths else 0, []).append(int(row))
    shared = [(groups[0][key], groups[1][key]) for key in sorted(groups[0].keys() & groups[1].keys())]
    left, right = ([row for pair in shared for row in pair[side][: min(map(len, pair))]] for side in (0, 1))
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)


def separate(names: list[str], real: F64, rendered: F64, *, telling: int) -> tuple[list[float], list[tuple[str, float]]]:
    """Return the AUC of each fold, and the `telling` features that cost most AUC when shuffled (mean over the folds); none if 0."""
    names, values = components(names, np.vstack([real, rendered]))
    truth = np.repeat([0, 1], [len(real), len(rendered)])
    scores: list[float] = []
    costs = np.zeros(len(names))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(values, truth):
        model = HistGradientBoostingClassifier(max_iter=120, max_leaf_nodes=15, min_samples_leaf=10, early_stopping=False, random_state=0)
        model.fit(values[train], truth[train])
        scores.append(float(roc_auc_score(truth[test], model.predict_proba(values[test])[:, 1])))
        if telling:
            costs += permutation_importance(
                model, values[test], truth[test], scoring="roc_auc", n_repeats=1, random_state=0
            ).importances_mean
    ranked = np.argsort(-costs)[:telling]
    return scores, [(names[n], round(float(costs[n] / FOLDS), 4)) for n in ranked]


def distances(names: list[str], real: F64, rendered: F64) -> dict[str, dict[str, float]]:
    """Return for each statistic the 1-Wasserstein distance in standard deviations of the real ones, and both medians, farthest first."""
    found = {}
    for n, name in enumerate(names[: next(k for k, name in enumerate(names) if name.startswith("gradient"))]):
        spread = float(real[:, n].std()) or 1.0
        distance = wasserstein_distance(real[:, n], rendered[:, n]) / spread
        medians = {"real": round(float(np.median(real[:, n])), 3), "rendered": round(float(np.median(rendered[:, n])), 3)}
        found[name] = {"distance": round(float(distance), 3), **medians}
    return dict(sorted(found.items(), key=lambda item: -item[1]["distance"]))


def compare(real: Crops, rendered: Crops, telling: int = 10) -> dict[str, object]:
    """Return the report: rows, distances, AUC (mean and spread over folds) with and without equal label lengths, telling features.

    Raises:
        ValueError: fewer than 10 rows of equal label length on both sides: nothing to cross-validate.
    """
    names, real_values = features(real)
    rendered_values = features(rendered)[1]
    report: dict[str, object] = {"distances": distances(names, real_values, rendered_values)}
    for key, same_lengths in (("auc", False), ("auc_same_lengths", True)):
        left, right = equal_counts(real, rendered, same_lengths=same_lengths)
        if len(left) < 2 * FOLDS:
            raise ValueError(f"need {2 * FOLDS} rows of each, same_lengths={same_lengths}, got {len(left)}: give more crops")
        scores, told = separate(names, real_values[left], rendered_values[right], telling=telling * same_lengths)
        report |= {key: round(float(np.mean(scores)), 4), f"{key}_spread": round(float(np.std(scores)), 4), f"{key}_rows_each": len(left)}
    plain = next(n for n, name in enumerate(names) if name.startswith("gradient"))  # statistics alone, without shapes
    scores, _ = separate(names[:plain], real_values[left][:, :plain], rendered_values[right][:, :plain], telling=0)
    report["auc_statistics_same_lengths"] = round(float(np.mean(scores)), 4)
    return {**report, "telling": told, "dropped": {"real": dict(real.dropped), "rendered": dict(rendered.dropped)}}


def packed_rows(images: list[Image], rows: int) -> tuple[list[U8], int]:
    """Return up to `rows` strips, `(36, 1184, 3)`, of crops side by side, and how many crops they hold."""
    strips, used = [], 0
    for _ in range(rows):
        strip, x = np.full((HEIGHT_PX + 4, SHEET_PX - MARGIN_PX, 3), 255, dtype=np.uint8), 0
        while used < len(images) and x + images[used].shape[1] <= strip.shape[1]:
            strip[2:-2, x : x + images[used].shape[1]] = images[used]
            x, used = x + images[used].shape[1] + 4, used + 1
        strips.append(strip)
    return strips, used


def write_sheets(real: Crops, rendered: Crops, path: Path) -> None:
    """Write `path`, blocks of real and rendered words with their names beside them, and `path` with `-shuffled`, mixed and unnamed."""
    wide = SHEET_PX - MARGIN_PX
    piles = [[im for im in (c.images[k] for k in shuffled(len(c.images), 2)) if im.shape[1] <= wide] for c in (real, rendered)]
    blocks, shown = [], []
    for n in range(6):
        strips, used = packed_rows(piles[n % 2], rows=4)
        block = np.pad(np.vstack(strips), ((0, 12), (MARGIN_PX, 0), (0, 0)), constant_values=255)
        cv2.putText(block, ("real", "rendered")[n % 2], (4, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
        blocks.append(block)
        shown += piles[n % 2][:used]
        piles[n % 2] = piles[n % 2][used:]
    mixed, _ = packed_rows([shown[k] for k in shuffled(len(shown), 3)], rows=24)
    for name, sheet in ((path, np.vstack(blocks)), (path.with_stem(f"{path.stem}-shuffled"), np.vstack(mixed))):
        cv2.imwrite(str(name), sheet[..., ::-1])


def main() -> None:
    """Print the comparison, as one JSON line or for reading."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=Path, action="append", required=True, help="folder with labels.csv (file,text); several times")
    parser.add_argument("--rendered", type=Path, required=True, help="shards of synthgen render, or a folder with labels.csv")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet here, and one without names beside it")
    parser.add_argument("--most", type=int, default=3000, help="rows of each side at most")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    real, rendered = read_crops(asked.real, asked.most), read_crops([asked.rendered], asked.most)
    if not real.images or not rendered.images:
        parser.error(f"no crops: {len(real.images)} real, {len(rendered.images)} rendered, dropped {real.dropped} and {rendered.dropped}")
    with threadpool_limits(1):  # trees this small: two threads that share a busy core take nine times as long as one
        report = compare(real, rendered)
    if asked.sheet:
        write_sheets(real, rendered, asked.sheet)
    print(json.dumps(report, indent=None if asked.json else 1))


if __name__ == "__main__":
    main()
