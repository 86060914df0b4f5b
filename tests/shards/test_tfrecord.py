"""TFRecord shards: a reader written from the specification alone finds the rows again."""

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from synthgen.shards.groups import open_groups
from synthgen.shards.read import read
from synthgen.shards.records import masked_crc, varints
from synthgen.shards.scenes import scene_batch
from synthgen.shards.schema import TABLES, WORD_SCHEMA
from synthgen.shards.tfrecord import compile_kernels, encoded, tfrecord_shard
from synthgen.shards.words import word_batch
from tests.fake_scenes import scene_rows
from tests.fake_words import NAMES, word_rows

BATCH = word_batch(word_rows(seed=1, first=0, last=30), NAMES)
SCENES = scene_batch(scene_rows(seed=1, first=0, last=30), NAMES)
BATCHES = {"words": BATCH, "scenes": SCENES}
Value = list[bytes] | list[float] | list[int]


def slow_crc(data: bytes) -> int:
    """Return the masked CRC-32C of data, a bit at a time."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def split_records(data: bytes) -> list[bytes]:
    records = []
    while data:
        (size, size_crc) = struct.unpack("<QI", data[:12])
        record, (crc,) = data[12 : 12 + size], struct.unpack("<I", data[12 + size : 16 + size])
        assert (size_crc, crc) == (slow_crc(data[:8]), slow_crc(record))
        records.append(record)
        data = data[16 + size :]
    return records


def take_varint(data: bytes) -> tuple[int, bytes]:
    end = next(k for k, byte in enumerate(data) if byte < 128) + 1
    return sum((byte & 127) << 7 * k for k, byte in enumerate(data[:end])), data[end:]


def fields(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        tag, data = take_varint(data)
        assert tag & 7 == 2  # length-delimited
        size, data = take_varint(data)
        assert size <= len(data)
        found.append((tag >> 3, data[:size]))
        data = data[size:]
    return found


def example(record: bytes) -> dict[str, Value]:
    ((one, features),) = fields(record)
    assert one == 1
    found: dict[str, Value] = {}
    for _, entry in fields(features):
        (key_field, key), (value_field, feature) = fields(entry)
        assert (key_field, value_field) == (1, 2)
        ((kind, values),) = fields(feature)
        assert key.decode() not in found
        found[key.decode()] = decoded(kind, values)
    return found


def decoded(kind: int, values: bytes) -> Value:
    items = fields(values)
    assert {number for number, _ in items} <= {1}
    if kind == 1:
        return [item for _, item in items]
    ((_, packed),) = items  # one field, however many numbers
    if kind == 2:
        return list(struct.unpack(f"<{len(packed) // 4}f", packed))
    whole = []
    while packed:
        value, packed = take_varint(packed)
        whole.append(value)
    return whole


def test_an_independent_reader_finds_every_value() -> None:
    examples = [example(record) for record in split_records(encoded(BATCH, TABLES["words"]).tobytes())]
    for found, row in zip(examples, BATCH.to_pylist(), strict=True):
        assert found == {
            "index": [row["index"]],
            "image/encoded": [row["image"]["bytes"]],
            "image/format": [b"jpeg"],
            "image/height": [row["height"]],
            "image/width": [row["width"]],
            "text": [row["text"].encode()],
            "char/quads": [number for quad in row["char_quads"] for number in quad],
            **{key: [row[key].encode()] for key in ("font", "background", "source", "split")},
            "contrast": [row["contrast"]],
        }


def test_an_independent_reader_finds_every_value_of_scenes() -> None:
    examples = [example(record) for record in split_records(encoded(SCENES, TABLES["scenes"]).tobytes())]
    for found, row in zip(examples, SCENES.to_pylist(), strict=True):
        words, chars = row["words"], row["chars"]
        assert found == {
            "index": [row["index"]],
            "image/encoded": [row["image"]["bytes"]],
            "image/format": [b"jpeg"],
            "image/height": [row["height"]],
            "image/width": [row["width"]],
            **{f"word/{key}": [word[key].encode() for word in words] for key in ("text", "font")},
            **{f"word/{key}": [word[key] for word in words] for key in ("line", "visible", "ignore")},
            "word/quads": [number for word in words for number in word["quad"]],
            "word/polygon": [number for word in words for number in word["polygon"]],
            "word/polygon_lengths": [len(word["polygon"]) // 2 for word in words],
            "char/text": [char["char"].encode() for char in chars],
            "char/quads": [number for char in chars for number in char["quad"]],
            **{f"char/{key}": [char[key] for char in chars] for key in ("word", "visible")},
            **{f"{key}/encoded": [row[key]["bytes"]] for key in ("region", "affinity")},
            **{key: [row[key].encode()] for key in ("background", "split")},
        }


@pytest.mark.parametrize("table", TABLES)
@given(first=st.integers(0, 29), rows=st.integers(1, 30))
@settings(max_examples=20)
def test_a_slice_is_encoded_as_its_rows_are(table: str, first: int, rows: int) -> None:
    part = BATCHES[table].slice(first, rows)
    whole = split_records(encoded(BATCHES[table], TABLES[table]).tobytes())
    assert split_records(encoded(part, TABLES[table]).tobytes()) == whole[first : first + part.num_rows]


@given(data=st.binary(max_size=40), skipped=st.integers(0, 3))
def test_checksums_are_those_of_the_definition(data: bytes, skipped: int) -> None:
    flat = np.frombuffer(b"xyz"[:skipped] + data, dtype=np.uint8)
    assert masked_crc(flat, skipped, len(flat)) == slow_crc(data)


def test_the_checksum_of_the_standard_is_met() -> None:
    """Source: RFC 3720, appendix B.4: 32 zero bytes have CRC 0x8A9136AA."""
    crc = 0x8A9136AA
    assert slow_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@given(values=st.lists(st.integers(0, 2**63 - 1), max_size=5))
def test_varints_read_back(values: list[int]) -> None:
    flat, offsets = varints(np.array(values, dtype=np.int64))
    parts = [flat[first:last].tobytes() for first, last in pairwise(offsets)]
    assert [take_varint(part) for part in parts] == [(value, b"") for value in values]


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    with tfrecord_shard(tmp_path / "words-00000.tfrecord") as file:
        file.write_batch(BATCH.slice(0, 11))
        file.write_batch(BATCH.slice(11))
    return tmp_path / "words-00000.tfrecord"


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    with tfrecord_shard(tmp_path / "scenes-00000.tfrecord", TABLES["scenes"]) as file:
        file.write_batch(SCENES.slice(0, 11))
        file.write_batch(SCENES.slice(11))
    return tmp_path / "scenes-00000.tfrecord"


def test_read_gives_the_scenes_back(scenes: Path) -> None:
    assert pa.Table.from_batches(read(scenes, table="scenes")).equals(pa.Table.from_batches([SCENES]))
    (batch,) = read(scenes, ["region", "chars"], "scenes")
    assert batch.equals(SCENES.select(["chars", "region"]))


def test_scenes_come_back_a_row_group_at_a_time(tmp_path: Path) -> None:
    many = scene_batch(scene_rows(seed=1, first=0, last=120), NAMES)
    with tfrecord_shard(tmp_path / "a.tfrecord", TABLES["scenes"]) as file:
        file.write_batch(many)
    batches = list(read(tmp_path / "a.tfrecord", table="scenes"))
    assert [batch.num_rows for batch in batches] == [100, 20]
    assert pa.Table.from_batches(batches).equals(pa.Table.from_batches([many]))


def test_scenes_without_any_word_are_kept(tmp_path: Path) -> None:
    bare = SCENES.slice(3, 1)
    assert bare.to_pylist()[0]["words"] == []
    with tfrecord_shard(tmp_path / "a.tfrecord", TABLES["scenes"]) as file:
        file.write_batch(bare)
    assert list(read(tmp_path / "a.tfrecord", table="scenes")) == [bare]


def test_reading_another_table_is_an_error(shard: Path, scenes: Path) -> None:
    with pytest.raises(
        SynthgenError, match=r"scenes-00000\.tfrecord: need samples of words, got a record without 'text'; .*another table="
    ):
        list(read(scenes))
    with pytest.raises(SynthgenError, match="need samples of scenes, got a record without 'word/text'"):
        list(read(shard, table="scenes"))


def test_read_gives_the_batch_back(shard: Path) -> None:
    assert pa.Table.from_batches(read(shard)).equals(pa.Table.from_batches([BATCH]))
    (batch,) = read(shard, columns=["contrast", "text"])
    assert batch.schema.names == ["text", "contrast"]


def test_empty_texts_and_no_rows_are_kept(tmp_path: Path) -> None:
    compile_kernels()
    blank = BATCH.slice(0, 1).to_pylist()[0] | {"text": "", "char_quads": []}
    batch = pa.RecordBatch.from_pylist([blank], schema=WORD_SCHEMA)
    with tfrecord_shard(tmp_path / "a.tfrecord") as file:
        file.write_batch(batch)
    assert [row for part in read(tmp_path / "a.tfrecord") for row in part.to_pylist()] == [blank]
    (tmp_path / "none.tfrecord").touch()
    assert list(read(tmp_path / "none.tfrecord")) == []


@pytest.mark.parametrize("spot", [0, 9, 13, 700, -2], ids=["length", "length crc", "data", "image", "data crc"])
def test_a_changed_byte_is_found(shard: Path, spot: int) -> None:
    data = bytearray(shard.read_bytes())
    data[spot] ^= 16
    shard.write_bytes(data)
    with pytest.raises(SynthgenError, match=r"byte \d+: need a whole TFRecord, got one cut off or changed; render again with --resume"):
        list(read(shard))


@pytest.mark.parametrize("place", [1, 4, 7])
def test_a_length_that_leads_out_of_the_file_is_found_when_it_is_opened(shard: Path, place: int) -> None:
    data = bytearray(shard.read_bytes())
    data[place] ^= 0x7F
    shard.write_bytes(data)
    with pytest.raises(SynthgenError, match=r"byte \d+: need a whole TFRecord, got one cut off or changed; render again with --resume"):
        open_groups(shard)


@pytest.mark.parametrize("content", [b"\x0a", b"\x0a\x05\x0a\x03\x0a\x01x", b"\xff" * 40, b"\x0a\x07\x0a\x05\x0a\x01\xff\x12\x00"])
def test_a_record_with_right_checksums_that_is_no_sample_is_told(shard: Path, content: bytes) -> None:
    length = struct.pack("<Q", len(content))
    shard.write_bytes(length + struct.pack("<I", slow_crc(length)) + content + struct.pack("<I", slow_crc(content)))
    with pytest.raises(SynthgenError, match=r"need samples of words, got a record (without|that is none)"):
        open_groups(shard).load(0, ["index"])


@pytest.mark.parametrize("kept", [5, 13, 500, -1])
def test_a_file_cut_off_is_found(shard: Path, kept: int) -> None:
    shard.write_bytes(shard.read_bytes()[:kept])
    with pytest.raises(SynthgenError, match="need a whole TFRecord"):
        list(read(shard))


def test_a_failed_shard_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk gone"), tfrecord_shard(tmp_path / "words-00000.tfrecord") as file:
        file.write_batch(BATCH)
        raise OSError("disk gone")
    assert list(tmp_path.iterdir()) == []
