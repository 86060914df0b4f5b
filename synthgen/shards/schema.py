"""The columns of a shard, as DESIGN.md promises them, and what each is stored as."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # what Hugging Face `datasets` reads as an image
QUAD = pa.list_(pa.float32(), 8)  # x, y of four corners, pixels

WORD_SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("image", PICTURE),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("text", pa.string()),
        ("char_quads", pa.list_(QUAD)),
        ("font", pa.string()),
        ("background", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
        ("contrast", pa.float32()),
    ]
)
WORD_COLUMNS = tuple(WORD_SCHEMA.names)

SCENE_WORD = pa.struct(
    [
        ("text", pa.string()),
        ("quad", QUAD),
        ("polygon", pa.list_(pa.float32())),  # x, y of each point
        ("line", pa.int32()),
        ("font", pa.string()),
        ("visible", pa.float32()),
        ("ignore", pa.bool_()),
    ]
)
SCENE_CHAR = pa.struct([("char", pa.string()), ("word", pa.int32()), ("quad", QUAD), ("visible", pa.float32())])
SCENE_SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("image", PICTURE),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("words", pa.list_(SCENE_WORD)),
        ("chars", pa.list_(SCENE_CHAR)),
        ("region", PICTURE),  # PNG; not plain binary, which `datasets` shows as bytes whatever the marks say
        ("affinity", PICTURE),
        ("background", pa.string()),
        ("split", pa.string()),
    ]
)
SCENE_COLUMNS = tuple(SCENE_SCHEMA.names)


@dataclass(frozen=True)
class Layout:
    """How the columns of one table are stored; leaves are named by their path in the file."""

    schema: pa.Schema
    row_group: int  # rows
    plain: frozenset[str]  # leaves not compressed
    repeated: tuple[str, ...]  # leaves with few values, stored as a dictionary
    measured: tuple[str, ...]  # leaves with least and greatest value in the footer: JPEG bytes there would fill it
    keys: Mapping[str, str]  # column, or field of the structs in a list, to key of the TFRecord Example; a picture's null path has none


WORDS = Layout(
    schema=WORD_SCHEMA,
    row_group=1000,  # about 1.5 MB of word images, what a reader of one row group holds
    plain=frozenset(),  # the word images are compressed too: small JPEGs share their tables
    repeated=("font", "background", "source", "split"),
    measured=("index", "width", "height", "contrast"),
    keys={
        "index": "index",
        "image": "image/encoded",
        "height": "image/height",
        "width": "image/width",
        "text": "text",
        "char_quads": "char/quads",
        "font": "font",
        "background": "background",
        "source": "source",
        "split": "split",
        "contrast": "contrast",
    },
)
SCENES = Layout(
    schema=SCENE_SCHEMA,
    row_group=100,  # about 10 MB of pictures and maps, what a reader of one row holds: 1,000 would be 100 MB and a shard a single group
    plain=frozenset({"image.bytes", "region.bytes", "affinity.bytes"}),
    repeated=("words.list.element.font", "chars.list.element.char", "chars.list.element.word", "background", "split"),
    measured=("index", "width", "height"),
    keys={
        "index": "index",
        "image": "image/encoded",
        "height": "image/height",
        "width": "image/width",
        "words.text": "word/text",
        "words.quad": "word/quads",
        "words.polygon": "word/polygon",  # beside it word/polygon_lengths, points of each
        "words.line": "word/line",
        "words.font": "word/font",
        "words.visible": "word/visible",
        "words.ignore": "word/ignore",
        "chars.char": "char/text",
        "chars.word": "char/word",
        "chars.quad": "char/quads",
        "chars.visible": "char/visible",
        "region": "region/encoded",
        "affinity": "affinity/encoded",
        "background": "background",
        "split": "split",
    },
)
TABLES: Mapping[str, Layout] = {"words": WORDS, "scenes": SCENES}  # a table's name is its folder and the start of its shards' names


def marked(schema: pa.Schema, run_digest: str, alphabet: str) -> pa.Schema:
    """Return `schema` with the run's digest, the alphabet's characters and Hugging Face's features in its metadata."""
    features = {field.name: _feature(field.type) for field in schema}
    about = {"synthgen.run": run_digest, "synthgen.alphabet": alphabet, "huggingface": json.dumps({"info": {"features": features}})}
    return schema.with_metadata(about)


def _feature(kind: pa.DataType) -> dict[str, object]:
    """Return the mark of a column in Hugging Face's terms. Source: `datasets.Features.to_dict`, version 5."""
    if kind.equals(PICTURE):
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return {"feature": _feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    return {"dtype": {"float": "float32"}.get(str(kind), str(kind)), "_type": "Value"}


def leaf_paths(schema: pa.Schema) -> list[str]:
    """Return the path of every leaf column as Parquet names it: `image.bytes`, `char_quads.list.element.list.element`."""
    return [path for field in schema for path in _leaves(field.name, field.type)]


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{path}.{child.name}", child.type)
    elif pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
