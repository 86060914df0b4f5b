"""Parquet shards: whole or none, and readable by those who read Parquet."""

import io
from pathlib import Path

import cv2
import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from synthgen.errors import SynthgenError
from synthgen.shards.columns import regrouped
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.read import read
from synthgen.shards.scenes import scene_batch
from synthgen.shards.schema import TABLES, WORD_SCHEMA, marked
from synthgen.shards.words import word_batch
from tests.fake_scenes import HEIGHT, WIDTH, scene_rows
from tests.fake_words import NAMES, word_rows

ROWS = word_rows(seed=1, first=0, last=30)
BATCH = word_batch(ROWS, NAMES)
TEXTS = BATCH["text"].to_pylist()
SCENES = scene_batch(scene_rows(seed=1, first=0, last=30), NAMES)
SCENE = SCENES.slice(5, 1).to_pylist()[0]  # of two words, the second without a text


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(BATCH, tmp_path_factory.mktemp("shards") / "words-00000.parquet", "words")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(SCENES, tmp_path_factory.mktemp("shards") / "scenes-00000.parquet", "scenes")


def stored(rows: pa.RecordBatch, final: Path, table: str) -> Path:
    layout = TABLES[table]
    with parquet_shard(final, marked(layout.schema, "d" * 64, "abc"), layout) as file:
        for batch in regrouped([rows], rows=20):
            file.write_batch(batch)
    return final


def test_a_failed_shard_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk gone"), parquet_shard(tmp_path / "words-00000.parquet", WORD_SCHEMA) as file:
        file.write_batch(BATCH)
        raise OSError("disk gone")
    assert list(tmp_path.iterdir()) == []


def test_the_footer_is_as_designed(shard: Path) -> None:
    assert codecs(shard) == {"ZSTD"}
    assert leaves(shard, "statistics") == {"index", "width", "height", "contrast"}
    assert leaves(shard, "has_dictionary_page") == {"font", "background", "source", "split"}


def test_pictures_and_maps_of_scenes_are_stored_plain(scenes: Path) -> None:
    plain = {"image.bytes", "region.bytes", "affinity.bytes"}
    assert (codecs(scenes, plain), codecs(scenes, leaves(scenes, "path_in_schema") - plain)) == ({"UNCOMPRESSED"}, {"ZSTD"})
    assert leaves(scenes, "statistics") == {"index", "width", "height"}
    repeated = {"words.list.element.font", "chars.list.element.char", "chars.list.element.word", "background", "split"}
    assert leaves(scenes, "has_dictionary_page") == repeated


@pytest.mark.parametrize("table", TABLES)
def test_marks_and_row_groups_stand_in_the_footer(request: pytest.FixtureRequest, table: str) -> None:
    about = pq.read_metadata(request.getfixturevalue({"words": "shard"}.get(table, table)))
    assert [about.row_group(k).num_rows for k in range(about.num_row_groups)] == [20, 10]
    assert (about.metadata[b"synthgen.run"], about.metadata[b"synthgen.alphabet"]) == (b"d" * 64, b"abc")


def columns(shard: Path) -> list[dict[str, object]]:
    return list(pq.read_metadata(shard).row_group(0).to_dict()["columns"])


def codecs(shard: Path, names: set[str] | None = None) -> set[object]:
    return {column["compression"] for column in columns(shard) if names is None or column["path_in_schema"] in names}


def leaves(shard: Path, key: str) -> set[str]:
    """Return the leaves of which the footer has `key`."""
    return {str(column["path_in_schema"]) for column in columns(shard) if column[key]}


def test_pandas_reads_it(shard: Path) -> None:
    frame = pd.read_parquet(shard)
    assert frame["text"].tolist() == TEXTS
    assert pixels(frame["image"][3]["bytes"]).shape == (16, ROWS.width[3], 3)
    assert np.stack(frame["char_quads"][3]).shape == (len(TEXTS[3]), 8)


def test_polars_reads_it(shard: Path) -> None:
    frame = pl.read_parquet(shard)
    assert frame["text"].to_list() == TEXTS
    assert pixels(frame["image"][3]["bytes"]).shape == (16, ROWS.width[3], 3)
    assert frame["char_quads"][3].to_numpy().shape == (len(TEXTS[3]), 8)


def test_duckdb_reads_it(shard: Path) -> None:
    found = duckdb.execute(f"SELECT text, image.bytes, len(char_quads) FROM '{shard}' WHERE index = 3").fetchall()
    assert [(text, letters) for text, _, letters in found] == [(TEXTS[3], len(TEXTS[3]))]
    assert pixels(found[0][1]).shape == (16, ROWS.width[3], 3)


def test_datasets_shows_pictures(shard: Path, tmp_path: Path) -> None:
    rows = datasets.Dataset.from_parquet(str(shard), cache_dir=str(tmp_path))
    assert rows.features["image"] == datasets.Image()
    assert isinstance(rows[3]["image"], Image.Image)
    assert rows[3]["image"].size == (ROWS.width[3], 16)
    assert rows["text"][:] == TEXTS
    assert np.shape(rows[3]["char_quads"]) == (len(TEXTS[3]), 8)


def test_pandas_reads_scenes(scenes: Path) -> None:
    frame = pd.read_parquet(scenes)
    assert pixels(frame["image"][5]["bytes"]).shape == (HEIGHT, WIDTH, 3)
    assert pixels(frame["region"][5]["bytes"]).shape == pixels(frame["affinity"][5]["bytes"]).shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert [word["text"] for word in frame["words"][5]] == ["5€", ""]
    assert np.array_equal(frame["words"][5][1]["quad"], np.float32(SCENE["words"][1]["quad"]))
    assert [char["char"] for char in frame["chars"][5]] == ["5", "€"]
    assert len(frame["words"][3]) == 0


def test_polars_reads_scenes(scenes: Path) -> None:
    frame = pl.read_parquet(scenes)
    assert frame["words"].to_list() == SCENES["words"].to_pylist()
    assert frame["chars"].to_list() == SCENES["chars"].to_pylist()
    assert frame["region"].to_list() == SCENES["region"].to_pylist()


def test_duckdb_reads_scenes(scenes: Path) -> None:
    asked = "SELECT image.bytes, region.bytes, word.text, word.polygon, word.ignore FROM"
    asked += f" (SELECT *, unnest(words) AS word FROM '{scenes}') WHERE index = 5"
    found = duckdb.execute(asked).fetchall()
    expected = [(word["text"], word["polygon"], word["ignore"]) for word in SCENE["words"]]
    assert found == [(SCENE["image"]["bytes"], SCENE["region"]["bytes"], *word) for word in expected]


def test_datasets_shows_pictures_and_maps_of_scenes(scenes: Path, tmp_path: Path) -> None:
    rows = datasets.Dataset.from_parquet(str(scenes), cache_dir=str(tmp_path))
    streamed = datasets.load_dataset("parquet", data_files=str(scenes), split="train", streaming=True, cache_dir=str(tmp_path))
    for row in (rows[5], list(streamed)[5]):
        assert row["image"].size == (WIDTH, HEIGHT)
        assert row["region"].size == row["affinity"].size == (WIDTH // 2, HEIGHT // 2)
        assert np.array_equal(np.asarray(row["region"]), pixels(SCENE["region"]["bytes"])[:, :, 0])
        assert np.array_equal(np.asarray(row["affinity"]), pixels(SCENE["affinity"]["bytes"])[:, :, 0])
        assert (row["words"], row["chars"]) == (SCENE["words"], SCENE["chars"])


def test_scenes_read_back(scenes: Path) -> None:
    assert [row for batch in read(scenes, table="scenes") for row in batch.to_pylist()] == SCENES.to_pylist()
    (batch,) = read(scenes, ["region", "words"], "scenes")
    assert batch.schema.names == ["words", "region"]


def pixels(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    Image.open(io.BytesIO(jpeg)).verify()
    decoded = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.astype(np.uint8)


def test_read_gives_the_rows_back_and_the_columns_asked_for(shard: Path) -> None:
    assert [row for batch in read(shard) for row in batch.to_pylist()] == BATCH.to_pylist()
    (batch,) = read(str(shard), columns=["contrast", "text"])
    assert batch.schema.names == ["text", "contrast"]


def test_reading_what_cannot_be_read_is_one_clear_error(shard: Path, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need columns of index, image, .*, got colour, shade; name some"):
        list(read(shard, columns=["colour", "text", "shade"]))
    with pytest.raises(SynthgenError, match="nowhere: need a shard or a folder of shards, found neither"):
        list(read(tmp_path / "nowhere"))
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(SynthgenError, match=r"cut\.parquet: cannot be read as Parquet: .*--resume"):
        list(read(cut))


def test_reading_another_table_is_an_error(shard: Path, scenes: Path) -> None:
    with pytest.raises(SynthgenError, match=r"words-00000\.parquet: need samples of scenes, got a file without 'words'; .*another table="):
        list(read(shard, table="scenes"))
    with pytest.raises(SynthgenError, match=r"scenes-00000\.parquet: need samples of words, got a file without 'text'"):
        list(read(scenes))
    with pytest.raises(ValueError, match="table: need one of words, scenes, got lines"):
        list(read(scenes, table="lines"))
