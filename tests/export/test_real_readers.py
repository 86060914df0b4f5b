"""What is exported, read by those it is for. A test that lacks its reader fails: pip install 'synthgen[slow]'."""

import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from pyarrow import fs

from synthgen.export import run
from tests.export.odd_shards import MISSHAPEN, exported, odd_scenes, odd_words, rows_of
from tests.fake_runs import job_of, render
from tests.object_store import BUCKET, KEYS, object_store

pytestmark = pytest.mark.slow
LEFT_OPEN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset does not close its files


def pixels(row: dict[str, object], name: str = "image") -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a stored picture as Pillow decodes it."""
    stored = row[name]
    assert isinstance(stored, dict)
    return np.asarray(Pictures.open(io.BytesIO(stored["bytes"])))


class LmdbDataset:
    """The reading part of the class of this name in parseq, whose deeds on the file are those of the benchmark's own."""

    def __init__(self, root: str, most: int) -> None:
        import lmdb

        self.env = lmdb.open(root, max_readers=1, readonly=True, create=False, readahead=False, meminit=False, lock=False)
        self.labels, self.kept = list[str](), list[int]()
        with self.env.begin() as view:
            for number in range(1, int(view.get(b"num-samples") or b"") + 1):
                label = "".join((view.get(f"label-{number:09d}".encode()) or b"").decode().split())
                label = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
                if label and len(label) <= most:
                    self.labels.append(label)
                    self.kept.append(number)

    def __getitem__(self, at: int) -> tuple[Pictures.Image, str]:
        with self.env.begin() as view:
            data = view.get(f"image-{self.kept[at]:09d}".encode())
        assert data is not None
        return Pictures.open(io.BytesIO(data)).convert("RGB"), self.labels[at]


def test_the_benchmark_reads_the_pairs(tmp_path: Path) -> None:
    shard = odd_words(tmp_path)
    exported(shard, tmp_path / "out", "lmdb")
    found, rows = LmdbDataset(str(tmp_path / "out"), most=25), rows_of(shard)
    assert len(found.kept) == sum(bool(row["text"]) for row in rows)
    for at, number in enumerate(found.kept):
        picture, label = found[at]
        row = rows[number - 1]
        assert np.array_equal(np.asarray(picture), pixels(row))
        assert label == unicodedata.normalize("NFKD", "".join(str(row["text"]).split())).encode("ascii", "ignore").decode()


@LEFT_OPEN
def test_webdataset_reads_the_tars(tmp_path: Path, table: str) -> None:
    import webdataset

    render(job_of(table, tmp_path / "run", samples=45))
    order = run.Order(str(tmp_path / "run"), tmp_path / "out", "webdataset", table)
    told = run.reader_of(order, run.export(order))
    urls = told.split('"')[1]
    found = list(webdataset.WebDataset(urls, shardshuffle=False).decode("pil"))
    rows = rows_of(tmp_path / "run", table)
    assert [one["__key__"] for one in found] == [f"{row['index']:09d}" for row in rows]
    for one, row in zip(found, rows, strict=True):
        assert np.array_equal(np.asarray(one["jpg"]), pixels(row))
        assert one["json"]["index"] == row["index"]
        if table == "words":
            assert one["txt"] == one["json"]["text"] == row["text"]
        else:
            assert [word["text"] for word in one["json"]["words"]] == [word["text"] for word in row["words"]]  # type: ignore[attr-defined]  # a list
            for name in ("region", "affinity"):
                assert np.array_equal(np.asarray(one[f"{name}.png"].convert("L")), pixels(row, name))


@LEFT_OPEN
def test_webdataset_reads_odd_texts(tmp_path: Path) -> None:
    import webdataset

    shard = odd_words(tmp_path)
    exported(shard, tmp_path / "out", "webdataset")
    found = webdataset.WebDataset(str(tmp_path / "out" / "words-00000.tar"), shardshuffle=False).decode()
    assert [(one["txt"], one["json"]["text"]) for one in found] == [(row["text"], row["text"]) for row in rows_of(shard)]


def test_datasets_reads_labels_csv(tmp_path: Path) -> None:
    import datasets

    shard = odd_words(tmp_path)
    exported(shard, tmp_path / "out", "folder")
    texts = datasets.Features({name: datasets.Value("string") for name in ("file", "text")})
    table = str(tmp_path / "out" / "labels.csv")
    read = datasets.load_dataset(
        "csv", data_files=table, features=texts, keep_default_na=False, split="train", cache_dir=str(tmp_path / "cache")
    )
    rows = rows_of(shard)
    assert read["text"][:] == [row["text"] for row in rows]
    assert [np.asarray(Pictures.open(tmp_path / "out" / file)).shape for file in read["file"]] == [pixels(row).shape for row in rows]


def test_datasets_reads_the_folder_of_pictures_with_all_columns(tmp_path: Path, table: str) -> None:
    import datasets

    shard = odd_words(tmp_path) if table == "words" else odd_scenes(tmp_path)
    exported(shard, tmp_path / "out", "folder", table)
    read = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    for one, row in zip(read, rows_of(shard, table), strict=True):
        assert np.array_equal(np.asarray(one["image"]), pixels(row))
        if table == "words":
            assert one["text"] == row["text"]
            assert np.array_equal(np.array(one["char_quads"], dtype=np.float32), np.array(row["char_quads"], dtype=np.float32))
        else:
            assert [char["char"] for char in one["chars"]] == [char["char"] for char in row["chars"]]  # type: ignore[attr-defined]  # a list


def test_our_reader_learns_and_is_measured_on_the_folder_as_on_the_shards(tmp_path: Path) -> None:
    from recognizer.crops import Target, open_folder
    from recognizer.labelled import Labelled
    from recognizer.options import ReaderOptions
    from synthgen import Alphabet

    shard = odd_words(tmp_path)
    exported(shard, tmp_path / "out", "folder")
    far, near = list(Labelled(tmp_path / "out")), list(Labelled(shard))
    assert [text for block in far for text in block.texts] == [text for block in near for text in block.texts]
    assert len(near[0].dropped) == len(far[0].dropped) > 0  # the empty texts
    gaps = [np.abs(a.prepared.astype(int) - b.prepared.astype(int)).mean() for a, b in zip(far, near, strict=True)]
    assert max(gaps) < 2  # the one decodes in colour, the other in grey
    crops = open_folder(tmp_path / "out", Target(Alphabet(), ReaderOptions()))
    assert sum(crops.sizes) + crops.refused["does_not_fit"] == len(rows_of(shard))
    assert 'a,"b"' in crops.texts


def test_our_detector_is_measured_on_the_folder_as_on_the_shards(tmp_path: Path) -> None:
    from detector.labelled import LabelledPhoto, Photos

    shard = odd_scenes(tmp_path)
    exported(shard, tmp_path / "out", "folder", "scenes")
    far, near = list(Photos(tmp_path / "out")), list(Photos(shard))
    for a, b in zip(far, near, strict=True):
        assert isinstance(a, LabelledPhoto)
        assert isinstance(b, LabelledPhoto)
        assert np.array_equal(a.photo, b.photo)
        wrong = [tuple(quad) in MISSHAPEN for quad in b.words.quads.reshape(-1, 8).tolist()]
        known = [text == "###" or ignored or bad for text, ignored, bad in zip(b.words.texts, b.words.ignored, wrong, strict=True)]
        assert np.array_equal(a.words.quads[np.logical_not(wrong)], b.words.quads[np.logical_not(wrong)])
        assert a.words.ignored.tolist() == known
        assert a.words.texts == tuple("" if hidden else text for text, hidden in zip(b.words.texts, known, strict=True))


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store(tmp_path_factory.mktemp("store")) as found:
        yield found


def test_shards_in_object_storage_are_exported_like_local_ones(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    render(job_of("scenes", tmp_path / "run"))
    store = fs.S3FileSystem(endpoint_override=address, scheme="http")
    fs.copy_files(str(tmp_path / "run"), f"{BUCKET}/run", source_filesystem=fs.LocalFileSystem(), destination_filesystem=store)
    url = f"s3://{BUCKET}/run?endpoint_override={address}&scheme=http"
    exported(url, tmp_path / "far", "webdataset", "scenes", split="train", workers=2)
    exported(tmp_path / "run", tmp_path / "near", "webdataset", "scenes", split="train")
    far, near = (json.loads((tmp_path / name / "export.json").read_text(encoding="utf-8")) for name in ("far", "near"))
    assert far == near
    assert (tmp_path / "far" / "scenes-00000.tar").read_bytes() == (tmp_path / "near" / "scenes-00000.tar").read_bytes()
