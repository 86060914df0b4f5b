"""TFRecord shards as TensorFlow reads them, with the parse functions of the README."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from synthgen.shards.scenes import scene_batch
from synthgen.shards.schema import TABLES
from synthgen.shards.tfrecord import tfrecord_shard
from synthgen.shards.words import word_batch
from tests.fake_scenes import scene_rows
from tests.fake_words import NAMES, word_rows

NEEDED = "needs TensorFlow: make test-slow, or pip install -e '.[dev,train]'"
WORDS = word_batch(word_rows(seed=1, first=0, last=30), NAMES)
SCENES = scene_batch(scene_rows(seed=1, first=0, last=30), NAMES)

PARSE_WORDS = """
import sys
import tensorflow as tf

FEATURES = {
    "index": tf.io.FixedLenFeature([], tf.int64),
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/format": tf.io.FixedLenFeature([], tf.string),
    "image/height": tf.io.FixedLenFeature([], tf.int64),
    "image/width": tf.io.FixedLenFeature([], tf.int64),
    "text": tf.io.FixedLenFeature([], tf.string),
    "char/quads": tf.io.FixedLenSequenceFeature([4, 2], tf.float32, allow_missing=True),
    "font": tf.io.FixedLenFeature([], tf.string),
    "background": tf.io.FixedLenFeature([], tf.string),
    "source": tf.io.FixedLenFeature([], tf.string),
    "split": tf.io.FixedLenFeature([], tf.string),
    "contrast": tf.io.FixedLenFeature([], tf.float32),
}

def parse(record):
    row = tf.io.parse_single_example(record, FEATURES)
    return {**row, "image": tf.io.decode_jpeg(row["image/encoded"], channels=3)}

for row in tf.data.TFRecordDataset(sys.argv[1]).map(parse).as_numpy_iterator():
    assert row["image"].shape == (row["image/height"], row["image/width"], 3)
    assert row["char/quads"].shape == (len(row["text"].decode()), 4, 2)
    sys.stdout.buffer.write(row["text"] + b"\\n")
"""


@pytest.mark.slow
def test_tensorflow_reads_words(tmp_path: Path) -> None:
    assert find_spec("tensorflow"), NEEDED
    shard = tmp_path / "words-00000.tfrecord"
    with tfrecord_shard(shard) as file:
        file.write_batch(WORDS)
    done = subprocess.run([sys.executable, "-c", PARSE_WORDS, str(shard)], capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == WORDS["text"].to_pylist()


PARSE_SCENES = """
import sys
import tensorflow as tf

ONE = {"index": tf.int64, "image/encoded": tf.string, "image/format": tf.string, "image/height": tf.int64, "image/width": tf.int64,
       "region/encoded": tf.string, "affinity/encoded": tf.string, "background": tf.string, "split": tf.string}
MANY = {"word/text": tf.string, "word/line": tf.int64, "word/font": tf.string, "word/visible": tf.float32, "word/ignore": tf.int64,
        "word/polygon_lengths": tf.int64, "char/text": tf.string, "char/word": tf.int64, "char/visible": tf.float32}
POINTS = {"word/quads": [4, 2], "char/quads": [4, 2], "word/polygon": [2]}
FEATURES = {
    **{key: tf.io.FixedLenFeature([], kind) for key, kind in ONE.items()},
    **{key: tf.io.FixedLenSequenceFeature([], kind, allow_missing=True) for key, kind in MANY.items()},
    **{key: tf.io.FixedLenSequenceFeature(shape, tf.float32, allow_missing=True) for key, shape in POINTS.items()},
}

def parse(record):
    row = tf.io.parse_single_example(record, FEATURES)
    pictures = {name: tf.io.decode_image(row[f"{name}/encoded"]) for name in ("image", "region", "affinity")}
    return {**row, **pictures, "polygons": tf.RaggedTensor.from_row_lengths(row["word/polygon"], row["word/polygon_lengths"])}

for row in tf.data.TFRecordDataset(sys.argv[1]).map(parse):
    assert row["image"].shape == (row["image/height"], row["image/width"], 3)
    assert row["region"].shape == row["affinity"].shape == (row["image/height"] // 2, row["image/width"] // 2, 1)
    assert len(row["word/text"]) == len(row["word/quads"]) == row["polygons"].nrows() == len(row["word/ignore"])
    assert len(row["char/text"]) == len(row["char/quads"]) == len(row["char/word"])
    sys.stdout.buffer.write(b"|".join(row["word/text"].numpy()) + b"\\n")
"""


@pytest.mark.slow
def test_tensorflow_reads_scenes(tmp_path: Path) -> None:
    assert find_spec("tensorflow"), NEEDED
    shard = tmp_path / "scenes-00000.tfrecord"
    with tfrecord_shard(shard, TABLES["scenes"]) as file:
        file.write_batch(SCENES)
    done = subprocess.run([sys.executable, "-c", PARSE_SCENES, str(shard)], capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == ["|".join(word["text"] for word in words) for words in SCENES["words"].to_pylist()]
