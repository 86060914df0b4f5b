"""Parquet shards: whole or none, and readable by those who read Parquet."""

import io
from pathlib import Path

import cv2
import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from synthgen.errors import SynthgenError
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.read import read
from synthgen.shards.schema import WORD_SCHEMA, marked
from synthgen.shards.words import regrouped, word_batch
from tests.fake_words import NAMES, word_rows

ROWS = word_rows(seed=1, first=0, last=30)
BATCH = word_batch(ROWS, NAMES)
TEXTS = BATCH["text"].to_pylist()


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    final = tmp_path_factory.mktemp("shards") / "words-00000.parquet"
    with parquet_shard(final, marked(WORD_SCHEMA, "d" * 64, "abc")) as file:
        for batch in regrouped([BATCH], rows=20):
            file.write_batch(batch)
    return final


def test_a_failed_shard_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk gone"), parquet_shard(tmp_path / "words-00000.parquet", WORD_SCHEMA) as file:
        file.write_batch(BATCH)
        raise OSError("disk gone")
    assert list(tmp_path.iterdir()) == []


def test_the_footer_is_as_designed(shard: Path) -> None:
    about = pq.read_metadata(shard)
    assert [about.row_group(k).num_rows for k in range(about.num_row_groups)] == [20, 10]
    columns = {column["path_in_schema"]: column for column in about.row_group(0).to_dict()["columns"]}
    assert {column["compression"] for column in columns.values()} == {"ZSTD"}
    assert {name for name, column in columns.items() if column["statistics"]} == {"index", "width", "height", "contrast"}
    repeated = {name for name, column in columns.items() if column["has_dictionary_page"]}
    assert repeated == {"font", "background", "source", "split"}
    assert about.metadata[b"synthgen.run"] == b"d" * 64
    assert about.metadata[b"synthgen.alphabet"] == b"abc"


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
