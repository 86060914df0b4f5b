"""Scenes come from shards, or from the engine, with the same truth."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.batches import look
from detector.scenes import STREAM_GROUP, Engine, StreamScenes, open_shards, open_stream
from detector.views import Variety, plan_views
from synthgen import Recipe, SynthgenError, read
from synthgen.heatmaps import LEAST_SEEN
from tests.fake_runs import job_of, render


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_give_the_scenes_of_the_training_split(tmp_path: Path, form: str) -> None:
    render(job_of("scenes", tmp_path, format=form))
    rows = [row for batch in read(tmp_path, table="scenes") for row in batch.to_pylist()]
    ours = [row for row in rows if row["split"] == "train"]
    source = open_shards(tmp_path)
    assert source.refused == {"other_split": len(rows) - len(ours)}
    assert 0 < len(ours) < len(rows)
    scenes = [source.load(number) for number in range(len(source.sizes))]
    assert tuple(map(len, scenes)) == source.sizes
    for scene, row in zip((scene for group in scenes for scene in group), ours, strict=True):
        assert scene.picture == row["image"]["bytes"]
        assert np.array_equal(scene.word_quads.reshape(-1, 8), np.reshape([word["quad"] for word in row["words"]], (-1, 8)))
        assert np.array_equal(scene.char_quads.reshape(-1, 8), np.reshape([char["quad"] for char in row["chars"]], (-1, 8)))
        assert scene.char_word.tolist() == [char["word"] if char["visible"] >= LEAST_SEEN else -1 for char in row["chars"]]
        assert scene.confidence.tolist() == [0.0 if word["ignore"] else 1.0 for word in row["words"]]
        assert [part.dtype.name for part in (scene.word_quads, scene.char_word, scene.confidence)] == ["float32", "int32", "float32"]
    assert any(0 in scene.confidence and 1 in scene.confidence and -1 in scene.char_word for group in scenes for scene in group)
    assert pickle.loads(pickle.dumps(source)).digest == source.digest


@pytest.mark.parametrize("picture", [None, b"no picture"])
def test_a_picture_that_cannot_be_decoded_is_named_by_shard_and_index(tmp_path: Path, picture: bytes | None) -> None:
    render(job_of("scenes", tmp_path))
    shard = tmp_path / "scenes" / "scenes-00000.parquet"
    row = pq.read_table(shard).slice(0, 1)
    image = pa.array([{"bytes": picture, "path": None}], row.schema.field("image").type)
    alone = tmp_path / "alone.parquet"
    pq.write_table(row.set_column(row.schema.get_field_index("image"), "image", image), alone)
    (scene,) = open_shards(alone).load(0)
    assert scene.picture == (picture or b"")
    with pytest.raises(SynthgenError, match=rf"^{alone}: index {row['index'][0]}: need a picture that can be decoded, got another; render"):
        look(scene, plan_views(Variety(), 5, np.zeros(1, dtype=np.uint64))[0], 32)


def test_shards_without_scenes_are_refused(tmp_path: Path) -> None:
    render(job_of("words", tmp_path))
    with pytest.raises(SynthgenError, match="need a run with scenes, got one without"):
        open_shards(tmp_path)


def test_shards_of_which_nothing_is_for_training_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render(job_of("scenes", tmp_path))
    monkeypatch.setattr("detector.scenes.TRAIN", "learn")
    with pytest.raises(SynthgenError, match="need scenes of split 'learn', got none"):
        open_shards(tmp_path)


class FakeRenderer:
    """Scenes of two words, the second not to be read, with a hidden character in each."""

    def __init__(self, recipe: Recipe, *, seed: int, cache: Path | None, train_only: bool) -> None:
        assert train_only
        self.seed = seed

    def scene(self, index: int) -> SimpleNamespace:
        quads = np.full((4, 4, 2), index + self.seed, dtype=np.float32)
        truth = SimpleNamespace(
            char_quads=quads,
            char_word=np.array([0, 0, 1, 1], dtype=np.int32),
            char_visible=np.array([1.0, 0.49, 0.5, 0.2], dtype=np.float32),
            word_quads=quads[:2],
            word_ignore=np.array([False, True]),
        )
        return SimpleNamespace(picture=np.full((8, 8, 3), index, dtype=np.uint8), truth=truth)


def test_streamed_scenes_are_those_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.scenes.SceneRenderer", FakeRenderer)
    source = StreamScenes(Engine(Recipe(), 7, None), STREAM_GROUP + 3)
    assert source.sizes == (STREAM_GROUP, 3)
    for scenes in (source.load(1), pickle.loads(pickle.dumps(source)).load(1)):
        assert [int(np.asarray(scene.picture).max()) for scene in scenes] == [8, 9, 10]
        assert [scene.char_quads[0, 0, 0] for scene in scenes] == [15, 16, 17]
        assert all(scene.char_word.tolist() == [0, -1, 1, -1] and scene.char_word.dtype == np.int32 for scene in scenes)
        assert all(scene.confidence.tolist() == [1, 0] and scene.confidence.dtype == np.float32 for scene in scenes)
    assert pickle.loads(pickle.dumps(source)).digest == source.digest


def test_a_stream_is_opened_by_its_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "few.toml"
    recipe.write_text("[scene]\nnegative_share = 0.5\n", encoding="utf-8")
    default, own = open_stream(None, 20, 3), open_stream(recipe, 20, 3)
    assert default.sizes == (8, 8, 4) and default.digest != own.digest
    assert own.scenes.recipe.scene.negative_share == 0.5
