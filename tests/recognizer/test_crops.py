import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.crops import Target, open_folder, open_shards, open_stream
from recognizer.labels import aligned
from recognizer.options import ReaderOptions
from synthgen import SynthgenError, read
from synthgen.alphabet import Alphabet
from tests.fake_runs import job_of, render

OPTIONS = ReaderOptions()
FAKE = Target(Alphabet("Zürich 5€"), OPTIONS)
HOUSE = Target(Alphabet(), OPTIONS)


def folder_of(folder: Path, texts: list[str]) -> Path:
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "text"))
        for n, text in enumerate(texts):
            cv2.imwrite(str(folder / f"{n}.png"), np.full((20, 40, 3), n, dtype=np.uint8))
            writer.writerow((f"{n}.png", text))
    return folder


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_give_the_rows_of_the_training_split_with_pictures_labels_and_paths(tmp_path: Path, form: str) -> None:
    render(job_of("words", tmp_path, format=form))
    rows = [row for batch in read(tmp_path) for row in batch.to_pylist()]
    ours = [row for row in rows if row["split"] == "train"]
    source = open_shards(tmp_path, FAKE)
    assert source.refused == {"does_not_fit": 0, "other_split": len(rows) - len(ours)}
    assert 0 < len(ours) < len(rows)
    crops = [source.load(number) for number in range(len(source.sizes))]
    assert tuple(len(found.labels) for found in crops) == source.sizes
    assert [picture for found in crops for picture in found.pictures] == [row["image"]["bytes"] for row in ours]
    texts = [FAKE.alphabet.decode(label[label > 0].astype(np.uint16)) for found in crops for label in found.labels]
    assert texts == [row["text"] for row in ours]
    centres = np.array(
        [np.reshape(quad, (4, 2))[:, 0].mean() / row["width"] for row in ours for quad in row["char_quads"]], dtype=np.float32
    )
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    expected = aligned(np.concatenate([found.labels for found in crops]), offsets, centres, 31)
    assert np.array_equal(np.concatenate([found.paths for found in crops]), expected)


def test_rows_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    render(job_of("words", tmp_path))
    ours = [row["text"] for batch in read(tmp_path) for row in batch.to_pylist() if row["split"] == "train"]
    source = open_shards(tmp_path, Target(Alphabet("Zürich "), OPTIONS))
    assert source.refused["does_not_fit"] == sum("5" in text for text in ours) > 0
    assert sum(source.sizes) == sum("5" not in text for text in ours)


def test_shards_of_which_nothing_fits_are_refused(tmp_path: Path) -> None:
    render(job_of("words", tmp_path))
    with pytest.raises(SynthgenError, match="need labels that fit the reader, got none"):
        open_shards(tmp_path, Target(Alphabet("x"), OPTIONS))


def test_a_folder_gives_its_pictures_and_counts_what_does_not_fit(tmp_path: Path) -> None:
    source = open_folder(folder_of(tmp_path, ["Crème", "x" * 32, "\u4e2d", "", "5 g"]), HOUSE)
    assert source.sizes == (2,)
    assert source.refused == {"does_not_fit": 3}
    found = source.load(0)
    assert [HOUSE.alphabet.decode(label[label > 0].astype(np.uint16)) for label in found.labels] == ["Creme", "5 g"]
    assert (found.paths == -1).all()
    assert [int(picture.max()) for picture in map(np.asarray, found.pictures)] == [0, 4]


def test_a_folder_that_lacks_a_picture_is_refused(tmp_path: Path) -> None:
    (folder_of(tmp_path, ["a", "b"]) / "1.png").unlink()
    with pytest.raises(SynthgenError, match=r"need every file it names, 1 are missing, such as 1.png"):
        open_folder(tmp_path, HOUSE)


def test_streamed_rows_are_those_of_the_engine(tmp_path: Path) -> None:
    source = open_stream(None, 700, 3, HOUSE)
    assert source.sizes == (512, 188)
    assert source.pool_groups == 1


def test_a_stream_for_a_reader_of_fewer_steps_is_refused() -> None:
    with pytest.raises(SynthgenError, match="--stream product: need a reader of 31 steps, for which texts are rendered, got 15"):
        open_stream(None, 700, 3, Target(Alphabet(), ReaderOptions(width=64)))


def test_a_stream_in_another_alphabet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="need the reader's alphabet of 1, got another one"):
        open_stream(None, 700, 3, Target(Alphabet("x"), OPTIONS))


def test_padded_pictures_have_their_characters_where_the_picture_is() -> None:
    quads = np.zeros((2, 4, 2), dtype=np.float32)
    quads[:, :, 0] = [[10, 30, 30, 10], [300, 500, 500, 300]]
    sizes = (np.array([1, 1]), np.array([40, 800], dtype=np.int32), np.array([20, 20], dtype=np.int32))
    assert HOUSE.centres(quads, *sizes).tolist() == [0.5, 0.5]
    padded = Target(Alphabet(), ReaderOptions(fit="pad"))
    assert padded.centres(quads, *sizes).tolist() == [0.25, 0.5]  # 40 x 20 fills 64 of 128 columns, 800 x 20 all
