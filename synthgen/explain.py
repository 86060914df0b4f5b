"""One stored sample explained: every choice recomputed from recipe, seed and index, and the sample rendered again beside the stored one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from synthgen.arrays import Image
from synthgen.assets.cache import default_folder
from synthgen.assets.scene_assets import open_scene_assets
from synthgen.assets.studio import Opened, open_studio
from synthgen.draw import Layer, contact_sheet, drawn, stored_layers
from synthgen.errors import SynthgenError
from synthgen.explain_fields import Value
from synthgen.explain_scenes import Row, explain_scene, lines_of, packs_of, words_of
from synthgen.explain_words import Sections, explain_word
from synthgen.preview import save
from synthgen.recipe import Recipe
from synthgen.renderer import Renderer, needs_scenes
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.manifest import RUN, Json, differences, read_record
from synthgen.shards.relabel import held_of, relabelled
from synthgen.shards.row import StoredRow, stored_row
from synthgen.shards.scenes import scene_batch
from synthgen.shards.store import open_store
from synthgen.shards.words import word_batch
from synthgen.versions import package_versions

ENLARGED = {"words": 4, "scenes": 1}
SHOWN = {"words": ("chars",), "scenes": ("words", "ignored")}  # layers over a picture
STRONGER = 8  # times the difference of two pictures, to be seen
TABLES_TOLD = ("packs", "lines", "words")  # of a scene


@dataclass(frozen=True)
class Explanation:
    """A sample's choices, and how it is stored."""

    table: str
    index: int
    stored: StoredRow
    again: pa.RecordBatch  # of one row
    sections: Sections
    rows: dict[str, list[Row]]  # of a scene: packs, lines, words
    versions: dict[str, tuple[str, str]]  # of packages that differ: in the run, here

    @property
    def differing(self) -> list[str]:
        """Columns whose stored value is not, to the bit, what is rendered now."""
        names = self.again.schema.names
        return [name for name in names if not self.again.column(name).equals(self.stored.values.column(name))]


@dataclass(frozen=True)
class Engine:
    """A run's assets, opened again."""

    opened: Opened
    renderer: Renderer
    painter: ScenePainter | None
    seed: int


def explain(out: Path | str, table: str, index: int, cache: Path | None = None) -> Explanation:
    """Return the explanation of sample `index` of "words" or "scenes" in the run at `out`.

    Raises:
        SynthgenError: there is no such run or sample, or an asset of the run is missing or another.
    """
    store = open_store(out)
    store.reach()
    if store.size(RUN) is None:
        raise SynthgenError(f"{store}: need the folder of a run, got one without {RUN}; name one that `synthgen render` has made")
    run = read_record(store, RUN)
    stored = stored_row(out, run, table, index)
    engine = open_engine(f"{store}/{RUN}", run, table, cache or default_folder())
    names, held = engine.renderer.names, held_of(run)
    if engine.painter is None or table == "words":
        sections, rows = explain_word(engine.opened, engine.renderer, engine.seed, index), {}
        again = word_batch(next(engine.renderer.words(index, index + 1))[0], names)
    else:
        scene, recipe = engine.painter.scene(index), engine.opened.studio.recipe.scene
        sections = explain_scene(engine.painter, recipe, engine.seed, scene)
        packs = packs_of(engine.painter, recipe, engine.seed, scene, names.fonts)
        rows = dict(zip(TABLES_TOLD, (packs, lines_of(engine.painter, scene, names.fonts), words_of(scene, names.fonts)), strict=True))
        again = scene_batch(next(engine.renderer.scenes(index, index + 1))[0], names)
    again = relabelled(again, table, held) if held else again
    there = run.get("versions")
    versions = {name: (str(was), str(now)) for name, was, now in differences(there, package_versions())}
    return Explanation(table, index, stored, again, sections, rows, versions)


def open_engine(place: str, run: Json, table: str, cache: Path) -> Engine:
    """Return what a run was rendered with; `place` is where its record is.

    Raises:
        SynthgenError: the run's record is damaged, or an asset is missing or another; each is named.
    """
    recipe, seed, assets = run.get("recipe"), run.get("seed"), run.get("assets")
    if not isinstance(recipe, dict) or not isinstance(seed, int) or not 0 <= seed < 2**64 or not isinstance(assets, dict):
        raise SynthgenError(f"{place}: need recipe, seed and assets of a run, got a record without; restore it")
    told = Recipe.checked(recipe, place=f"{place}: recipe")
    cure = "put it back, and start from the folder that the run was started in"
    try:
        opened = open_studio(told, cache)
    except SynthgenError as error:
        raise SynthgenError(f"{place}: need the assets that the run was made from: {error}; {cure}") from error
    names = sorted({*assets, *opened.digests})
    others = [name for name in names if assets.get(name) != opened.digests.get(name)]
    if others:
        parts = [f"{name} of digest {opened.digests.get(name, 'none')} in place of {assets.get(name, 'none')}" for name in others]
        raise SynthgenError(f"{place}: need the assets that the run was made from, got {'; '.join(parts)}; {cure}")
    scenes = open_scene_assets(opened, told, cache) if table == "scenes" or needs_scenes(told, 0) else None
    return Engine(opened, Renderer(opened, seed, scenes), None if scenes is None else ScenePainter(scenes, told, seed), seed)


def as_json(found: Explanation) -> dict[str, object]:
    """Return the explanation as `explain --json` prints it: values by section and name, and what differs from the stored row."""
    sections = {part: {name: value for name, (value, _) in choices.items()} for part, choices in found.sections.items()}
    place = {"table": found.table, "index": found.index, "file": found.stored.file, "row": found.stored.number}
    return {
        **place,
        "choices": sections,
        **found.rows,
        "equal": not found.differing,
        "differing": found.differing,
        "versions": found.versions,
    }


def as_lines(found: Explanation) -> Iterator[str]:
    """Yield the explanation as `explain` prints it."""
    yield f"{found.table} {found.index}: {found.stored.file}, row {found.stored.number}"
    for part, choices in found.sections.items():
        yield f"[{part}]"
        for name, (value, unit) in choices.items():
            yield f"  {name:16} {_told(value)}" + (f"  ({unit})" if unit else "")
    for name, rows in found.rows.items():
        yield f"[{name}]"
        for row in rows:
            yield "  " + ", ".join(f"{key} {_told(value)}" for key, value in row.items())
    for name, (was, now) in found.versions.items():
        yield f"{name}: {was} made the run, {now} is installed: pixels may differ"
    if found.differing:
        yield f"rendered again, not what is stored: {', '.join(found.differing)} differ"
    else:
        yield "rendered again: every column is equal to the stored one, pictures byte for byte"


def _told(value: Value) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_told, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def save_picture(found: Explanation, path: Path) -> None:
    """Write the stored sample, the same rendered again, both with their quads, and their difference as PNG or JPEG.

    Raises:
        SynthgenError: the stored picture cannot be decoded, or the file cannot be written.
    """
    enlarge = ENLARGED[found.table]
    stored, again = _picture(found, found.stored.values), _picture(found, found.again)
    pairs = ((stored, found.stored.values), (again, found.again))
    shown = [drawn(picture, _layers(batch, found.table), enlarge=enlarge) for picture, batch in pairs]
    shown.append(drawn(_difference(stored, again), enlarge=enlarge))
    captions = ["stored", "rendered again", f"difference, {STRONGER} times"]
    save(contact_sheet(shown, captions, width_px=max(picture.shape[1] for picture in shown) + 16), path)


def _picture(found: Explanation, batch: pa.RecordBatch) -> Image:
    data = np.frombuffer(batch["image"][0]["bytes"].as_py() or b"", dtype=np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
    if picture is None:
        raise SynthgenError(f"{found.stored.file}: row {found.stored.number}: need a picture, got bytes that are none; render again")
    return np.asarray(picture, dtype=np.uint8)


def _difference(stored: Image, again: Image) -> Image:
    """Return how far two pictures are apart, STRONGER, on white where only one of them is."""
    rows, columns = (max(a, b) for a, b in zip(stored.shape[:2], again.shape[:2], strict=True))
    out = np.full((rows, columns, 3), 255, dtype=np.uint8)
    high, wide = (min(a, b) for a, b in zip(stored.shape[:2], again.shape[:2], strict=True))
    far = np.abs(stored[:high, :wide].astype(np.int32) - again[:high, :wide])
    out[:high, :wide] = np.minimum(STRONGER * far, 255)
    return out


def _layers(batch: pa.RecordBatch, table: str) -> list[Layer]:
    return [layer for layer in stored_layers(batch.to_pylist()[0]) if layer.kind in SHOWN[table]]
