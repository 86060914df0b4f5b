"""Where labelled scenes come from, group by group: shards, or the engine itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa

from synthgen import Recipe, SceneRenderer, ShardGroups, SynthgenError, open_groups
from synthgen.arrays import F32, I32, I64, Bools, Image, Quads
from synthgen.heatmaps import LEAST_SEEN
from training.sources import GroupSource, Refused

STREAM_GROUP = 8  # scenes rendered at a time, 10 MB of pixels; as painting one takes 0.1 s, few are to be waited for
TRAIN = "train"  # the split that is trained on
NOT_DRAWN = -1  # word of a character that has no peak


@dataclass(frozen=True)
class Scene:
    """A picture with n characters in m words."""

    picture: bytes | Image  # an encoded picture, or its pixels
    char_quads: Quads  # (n, 4, 2), characters of a word next to each other in reading order
    char_word: I32  # (n,) 0 to m - 1, or NOT_DRAWN
    word_quads: Quads  # (m, 4, 2)
    confidence: F32  # (m,) how well its characters are known: 1 fully, 0 not at all, and then what is there does not count
    place: str = ""  # of an encoded picture, for errors: its shard and index


SceneSource = GroupSource[Sequence[Scene]]


@dataclass(frozen=True)
class ShardScenes:
    """The scenes of a run's shards that are for training."""

    groups: ShardGroups
    kept: tuple[Bools, ...]  # of each group, which rows are used
    refused: Refused
    pool_groups: int = 4  # of 100 scenes: 40 MB of pictures; scenes are independent as they come

    @property
    def sizes(self) -> tuple[int, ...]:
        """Usable scenes of each group."""
        return tuple(int(kept.sum()) for kept in self.kept)

    @property
    def digest(self) -> str:
        """Of the run's manifest."""
        return self.groups.digest

    def load(self, number: int) -> Sequence[Scene]:
        """Return the usable scenes of a group, pictures as JPEG; words that cannot be read have confidence 0."""
        batch = self.groups.load(number, ["index", "image", "words", "chars"]).filter(pa.array(self.kept[number]))
        return list(_scenes(batch, self.groups.groups[number].path))


def open_shards(place: Path | str) -> ShardScenes:
    """Return the scenes of a folder, URL or file of shards.

    Raises:
        SynthgenError: there are no finished shards of scenes, or none of them are for training.
    """
    groups = open_groups(place, "scenes")
    splits = [groups.load(number, ["split"])["split"].to_pylist() for number in range(len(groups.groups))]
    kept = tuple(np.array([split == TRAIN for split in group], dtype=np.bool_) for group in splits)
    used = sum(int(ours.sum()) for ours in kept)
    refused = {"other_split": sum(groups.sizes) - used}
    if not used:
        raise SynthgenError(f"{place}: need scenes of split {TRAIN!r}, got none: {refused}; render some with --scenes")
    return ShardScenes(groups, kept, refused)


def _scenes(batch: pa.RecordBatch, shard: str) -> Iterator[Scene]:
    indices, pictures = batch["index"].to_pylist(), batch["image"].field("bytes")
    words, word_ends = _flat(batch["words"])
    chars, char_ends = _flat(batch["chars"])
    char_quads, word_quads = _quads(chars), _quads(words)
    seen = chars.field("visible").to_numpy() >= LEAST_SEEN
    char_word = np.where(seen, chars.field("word").to_numpy(), NOT_DRAWN).astype(np.int32)
    confidence = 1 - words.field("ignore").to_numpy(zero_copy_only=False).astype(np.float32)
    for row in range(len(batch)):
        own_chars, own_words = slice(*char_ends[row : row + 2]), slice(*word_ends[row : row + 2])
        picture, place = pictures[row].as_py() or b"", f"{shard}: index {indices[row]}"  # a damaged shard may have none
        yield Scene(picture, char_quads[own_chars], char_word[own_chars], word_quads[own_words], confidence[own_words], place)


def _flat(column: pa.ListArray) -> tuple[pa.StructArray, I64]:
    """Return the structs of all rows, one after the other, and where each row's begin, `(rows + 1,)`."""
    return column.flatten(), np.concatenate([[0], np.cumsum(column.value_lengths().to_numpy(), dtype=np.int64)])


def _quads(structs: pa.StructArray) -> Quads:
    return np.asarray(structs.field("quad").flatten().to_numpy(), dtype=np.float32).reshape(-1, 4, 2)


@dataclass(frozen=True)
class StreamScenes:
    """The first `n` scenes of a recipe and seed, rendered when they are asked for: scene i is what `synthgen render` writes as row i.

    But for recipes that split: what they would give to validation is here another scene for training.
    """

    scenes: "Engine"
    n: int
    refused: Refused = field(default_factory=dict)
    pool_groups: int = 1  # scenes are independent as they come

    @property
    def sizes(self) -> tuple[int, ...]:
        """Scenes of each group."""
        whole, rest = divmod(self.n, STREAM_GROUP)
        return (STREAM_GROUP,) * whole + ((rest,) if rest else ())

    @property
    def digest(self) -> str:
        """Of the recipe; assets are not looked at."""
        return sha256(self.scenes.recipe.model_dump_json().encode()).hexdigest()

    def load(self, number: int) -> Sequence[Scene]:
        """Return the scenes of a group, pictures as pixels; words that cannot be read have confidence 0."""
        first = number * STREAM_GROUP
        return [self.scenes.get(index) for index in range(first, min(first + STREAM_GROUP, self.n))]


class Engine:
    """Scenes from the engine, which each process opens when it first needs it; one thread renders at a time."""

    def __init__(self, recipe: Recipe, seed: int, cache: Path | None) -> None:
        """Take what the scenes depend on."""
        self.recipe, self._args = recipe, (recipe, seed, cache)
        self._lock = Lock()
        self._engine: SceneRenderer | None = None

    def get(self, index: int) -> Scene:
        """Return scene `index`."""
        with self._lock:
            if self._engine is None:
                recipe, seed, cache = self._args
                self._engine = SceneRenderer(recipe, seed=seed, cache=cache, train_only=True)
            scene = self._engine.scene(index)
        truth = scene.truth
        char_word = np.where(truth.char_visible >= LEAST_SEEN, truth.char_word, NOT_DRAWN).astype(np.int32)
        return Scene(scene.picture, truth.char_quads, char_word, truth.word_quads, 1 - truth.word_ignore.astype(np.float32))

    def __reduce__(self) -> tuple[type["Engine"], tuple[Recipe, int, Path | None]]:
        """Return what another process opens it from."""
        return type(self), self._args


def open_stream(recipe: Path | None, n: int, seed: int) -> StreamScenes:
    """Return the first `n` scenes of a recipe file, of the built-in product recipe if None.

    Raises:
        SynthgenError: the recipe is wrong.
    """
    return StreamScenes(Engine(Recipe.read(recipe) if recipe else Recipe(), seed, None), n)
