"""Where labelled word pictures come from, group by group: shards, the engine itself, folders of real crops."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
import pyarrow as pa

from recognizer.labelled import listed
from recognizer.labels import aligned, fitting, flat_classes, padded
from recognizer.options import ReaderOptions
from recognizer.prepare import filled_px
from synthgen import Alphabet, BlockRenderer, Recipe, ShardGroups, SynthgenError, WordBlock, open_groups, read_picture
from synthgen.alphabet import READER_STEPS
from synthgen.arrays import F32, I32, I64, U8, Bools, Quads
from training.labels import LABELS
from training.sources import GroupSource, Refused

STREAM_GROUP = 512  # samples rendered at a time
FOLDER_GROUP = 256  # files
TRAIN = "train"  # the split that is trained on
Source = TypeVar("Source", bound="CropSource")


@dataclass(frozen=True)
class Target:
    """What labels are made for."""

    alphabet: Alphabet
    options: ReaderOptions

    @property
    def steps(self) -> int:
        """Time steps of the reader."""
        return self.options.steps

    def centres(self, quads: Quads, counts: I64, widths: I32, heights: I32) -> F32:
        """Return where the centres of all characters lie in the prepared pictures, as shares of their width.

        `counts` characters of each picture, whose sizes are `widths` and `heights`.
        """
        filled = (
            np.full(len(widths), 1.0)
            if self.options.fit == "stretch"
            else filled_px(widths, heights, self.options.width) / self.options.width
        )
        return np.asarray(quads[:, :, 0].mean(axis=1) * np.repeat(filled / widths, counts), dtype=np.float32)


@dataclass(frozen=True)
class Crops:
    """The usable rows of a group."""

    pictures: Sequence[bytes | U8]  # an encoded picture, or its pixels
    labels: I32  # (n, steps), 0 behind each
    paths: I32  # (n, steps), see `labels.aligned`; all -1 where the places of characters are not known
    place: str = ""  # of encoded pictures, for errors: their shard


CropSource = GroupSource[Crops]


@dataclass(frozen=True)
class ShardCrops:
    """The words of a run's shards that are for training and fit the reader."""

    target: Target
    groups: ShardGroups
    kept: tuple[Bools, ...]  # of each group, which rows are used
    refused: Refused
    pool_groups: int = 32  # of 1,000 rows: 50 MB of word images

    @property
    def sizes(self) -> tuple[int, ...]:
        """Usable rows of each group."""
        return tuple(int(kept.sum()) for kept in self.kept)

    @property
    def digest(self) -> str:
        """Of the run's manifest."""
        return self.groups.digest

    def load(self, number: int) -> Crops:
        """Return the usable rows of a group, pictures as JPEG, paths from the characters' quads."""
        batch = self.groups.load(number, ["image", "width", "height", "text", "char_quads"]).filter(pa.array(self.kept[number]))
        quads = batch["char_quads"].flatten().flatten().to_numpy().reshape(-1, 4, 2)
        counts = batch["char_quads"].value_lengths().to_numpy()
        centres = self.target.centres(quads, counts, batch["width"].to_numpy(), batch["height"].to_numpy())
        found = crops(batch["image"].field("bytes").to_pylist(), batch["text"].to_pylist(), self.target, centres)
        return replace(found, place=self.groups.groups[number].path)


def open_shards(place: Path | str, target: Target) -> ShardCrops:
    """Return the words of a folder, URL or file of shards; their texts are read once, to know which fit.

    Raises:
        SynthgenError: there are no finished shards, or none of their words can be used.
    """
    groups = open_groups(place)
    kept, refused = [], {"does_not_fit": 0, "other_split": 0}
    for number in range(len(groups.groups)):
        batch = groups.load(number, ["text", "split"])
        fits = fitting(*flat_classes(batch["text"].to_pylist(), target.alphabet), target.steps)
        ours = np.array([split == TRAIN for split in batch["split"].to_pylist()], dtype=np.bool_)
        refused["other_split"] += int((~ours).sum())
        refused["does_not_fit"] += int((ours & ~fits).sum())
        kept.append(fits & ours)
    return _some(ShardCrops(target, groups, tuple(kept), refused), str(place))


@dataclass(frozen=True)
class StreamCrops:
    """The first `n` samples of a recipe and seed, rendered when they are asked for: row i is what `synthgen render` writes as row i.

    But for recipes that split: what they would give to validation is here another sample for training.
    """

    target: Target
    blocks: "Engine"
    n: int
    refused: Refused = field(default_factory=dict)
    pool_groups: int = 1  # samples are independent as they come

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each group."""
        whole, rest = divmod(self.n, STREAM_GROUP)
        return (STREAM_GROUP,) * whole + ((rest,) if rest else ())

    @property
    def digest(self) -> str:
        """Of the recipe; assets are not looked at."""
        return sha256(self.blocks.recipe.model_dump_json().encode()).hexdigest()

    def load(self, number: int) -> Crops:
        """Return the rows of a group, pictures as pixels."""
        block = self.blocks.get(range(number * STREAM_GROUP, min((number + 1) * STREAM_GROUP, self.n)))
        rows = range(len(block.index))
        heights = np.full(len(rows), block.height, dtype=np.int32)
        centres = self.target.centres(block.quads, np.diff(block.char_offsets), block.width, heights)
        return crops([block.picture(row) for row in rows], [block.text(row) for row in rows], self.target, centres)


class Engine:
    """Blocks of samples from the engine, which each process opens when it first needs it; one thread renders at a time."""

    def __init__(self, recipe: Recipe, seed: int, cache: Path | None) -> None:
        """Take what the samples depend on."""
        self.recipe, self._args = recipe, (recipe, seed, cache)
        self._lock = Lock()
        self._engine: BlockRenderer | None = None

    def get(self, span: range) -> WordBlock:
        """Return the samples of `span`."""
        with self._lock:
            if self._engine is None:
                recipe, seed, cache = self._args
                self._engine = BlockRenderer(recipe, seed=seed, cache=cache, train_only=True)
            return self._engine.block(span)

    def __reduce__(self) -> tuple[type["Engine"], tuple[Recipe, int, Path | None]]:
        """Return what another process opens it from."""
        return type(self), self._args


def open_stream(recipe: Path | None, n: int, seed: int, target: Target) -> StreamCrops:
    """Return the first `n` samples of a recipe file, the built-in product recipe if None.

    Raises:
        SynthgenError: the recipe is wrong, or its texts may be longer than the reader's steps, or are of another alphabet.
    """
    found = Recipe.read(recipe) if recipe else Recipe()
    if target.steps < READER_STEPS:
        need = f"a reader of {READER_STEPS} steps, for which texts are rendered, got {target.steps}"
        raise SynthgenError(
            f"--stream {recipe or 'product'}: need {need}; give --width 128 or more, or render shards, whose long texts are left out"
        )
    alphabet = Alphabet.read(found.text.alphabet) if found.text.alphabet else Alphabet()
    if alphabet != target.alphabet:
        raise SynthgenError(f"--stream {recipe}: need the reader's alphabet of {len(target.alphabet.characters)}, got another one")
    return StreamCrops(target, Engine(found, seed, None), n)


@dataclass(frozen=True)
class FolderCrops:
    """Pictures named in a folder's `labels.csv` (`file,text`), such as real crops to fine-tune on."""

    target: Target
    folder: Path
    files: tuple[str, ...]
    texts: tuple[str, ...]
    refused: Refused
    pool_groups: int = 32

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each group."""
        return tuple(len(self.files[k : k + FOLDER_GROUP]) for k in range(0, len(self.files), FOLDER_GROUP))

    @property
    def digest(self) -> str:
        """Of names and labels; pictures are not looked at."""
        return sha256("\n".join((*self.files, *self.texts)).encode()).hexdigest()

    def load(self, number: int) -> Crops:
        """Return the rows of a group, pictures as pixels; where their characters lie is not known."""
        span = slice(number * FOLDER_GROUP, (number + 1) * FOLDER_GROUP)
        return crops([read_picture(self.folder / name) for name in self.files[span]], self.texts[span], self.target)


def open_folder(folder: Path, target: Target) -> FolderCrops:
    """Return the pictures of a folder with `labels.csv`; texts are folded into the alphabet first.

    Raises:
        SynthgenError: a column or a picture is missing, or no label can be used.
    """
    rows = list(listed(folder / LABELS))
    gone = [name for name, _ in rows if not (folder / name).is_file()]
    if gone:
        raise SynthgenError(f"{folder / LABELS}: need every file it names, {len(gone)} are missing, such as {gone[0]}; put them there")
    texts = [target.alphabet.fold(text) or "" for _, text in rows]
    fits = fitting(*flat_classes(texts, target.alphabet), target.steps)
    used = np.flatnonzero(fits).tolist()
    names = tuple(rows[k][0] for k in used)
    refused = {"does_not_fit": len(rows) - len(used)}
    return _some(FolderCrops(target, folder, names, tuple(texts[k] for k in used), refused), str(folder))


def crops(pictures: Sequence[bytes | U8], texts: Sequence[str], target: Target, centres: F32 | None = None) -> Crops:
    """Return labelled pictures; `centres` are those of all characters as shares of the width, None where they are not known."""
    classes, offsets = flat_classes(texts, target.alphabet)
    labels = padded(classes, offsets, target.steps)
    return Crops(pictures, labels, _paths(labels, offsets, centres, target.steps))


def _paths(labels: I32, offsets: I64, centres: F32 | None, steps: int) -> I32:
    if centres is None:
        return np.full_like(labels, -1)
    return np.asarray(aligned(labels, offsets, centres, steps), dtype=np.int32)


def _some(source: Source, place: str) -> Source:
    if not sum(source.sizes):
        raise SynthgenError(f"{place}: need labels that fit the reader, got none: {source.refused}; check the alphabet and the texts")
    return source
