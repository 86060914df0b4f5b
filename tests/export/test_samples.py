import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen import SynthgenError, read
from synthgen.export.samples import CORNERS, csv_cell, joined, samples
from tests.export.odd_shards import MISSHAPEN, odd_scenes, odd_words
from tests.fake_runs import job_of, render

PICTURES = ("image", "region", "affinity")


def noise(folder: Path, table: str) -> pa.RecordBatch:
    render(job_of(table, folder / "run", samples=40, size=40))
    return next(read(folder / "run", table=table))


def as_float32(value: object) -> object:
    """Return JSON with its numbers as what float32 they are."""
    if isinstance(value, dict):
        return {key: as_float32(own) for key, own in value.items()}
    if isinstance(value, list):
        return [as_float32(own) for own in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def test_the_json_of_a_sample_is_its_row_to_the_bit_in_any_part_of_a_batch(tmp_path: Path, table: str) -> None:
    batch = noise(tmp_path, table)
    odd = pa.array([row % 3 == 1 for row in range(len(batch))])
    for part in (batch, batch.slice(7, 20), batch.slice(3).filter(odd.slice(3)), batch.slice(40)):
        rows = part.to_pylist()
        for sample, row in zip(samples(part, table), rows, strict=True):
            pictures = [row.pop(name)["bytes"] for name in PICTURES if name in row]
            assert as_float32(json.loads(f"{{{sample.about}}}")) == row
            assert [sample.image, *(png for _, png in sample.maps)] == pictures
            assert sample.key == f"{row['index']:09d}"


def read_back(lines: list[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(f"{line}\n" for line in lines), newline=""), strict=True))


@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_any_texts_survive_the_table(texts: list[str]) -> None:
    assert read_back([f"a,{csv_cell(text)}" for text in texts]) == [["a", text] for text in texts]


def test_a_scene_without_words_is_a_line_with_its_file_alone(tmp_path: Path) -> None:
    batch = noise(tmp_path, "scenes")
    empty = [sample for sample, row in zip(samples(batch, "scenes"), batch.to_pylist(), strict=True) if not row["words"]]
    assert len(empty) == 10
    assert read_back([f"a.jpg,{line}" for line in empty[0].labels]) == [["a.jpg", *[""] * len(CORNERS), ""]]
    assert empty[0].counts == {"words": 0, "ignored": 0, "misshapen": 0, "read_as_ignored": 0, "without_words": 1}


def test_the_labels_of_a_scene_are_its_words_ignored_and_misshapen_ones_without_their_text(tmp_path: Path) -> None:
    batch = next(read(odd_scenes(tmp_path), table="scenes"))
    found = list(samples(batch, "scenes"))
    cells = [own for sample in found for own in read_back([f"a.jpg,{line}" for line in sample.labels]) if any(own[1:])]
    words = [word for row in batch.to_pylist() for word in row["words"]]
    misshapen = range(1, 1 + len(MISSHAPEN))
    for k, (own, word) in enumerate(zip(cells, words, strict=True)):
        quad = np.array(own[1:-1], dtype=np.float32)
        assert own[-1] == ("###" if word["ignore"] or k in misshapen else word["text"])
        if k in misshapen:
            x, y = (word["quad"][axis::2] for axis in (0, 1))
            assert quad.reshape(4, 2)[[0, 2]].tolist() == [[min(x) - 0.5, min(y) - 0.5], [max(x) + 0.5, max(y) + 0.5]]
        else:
            assert quad.tolist() == word["quad"]
    total = {name: sum(sample.counts[name] for sample in found) for name in found[0].counts}
    unread = sum(word["text"] == "###" and not word["ignore"] for word in words)
    ignored = sum(word["ignore"] for word in words)
    assert total == {"words": len(words), "ignored": ignored, "misshapen": 4, "read_as_ignored": unread, "without_words": 2}
    assert (unread, ignored) > (0, 0)
    assert [sample.text for sample in found] == [
        "\n".join(word["text"] for word in row["words"] if not word["ignore"]) for row in batch.to_pylist()
    ]


def test_the_label_of_a_word_is_its_text(tmp_path: Path) -> None:
    batch = next(read(odd_words(tmp_path)))
    found = list(samples(batch, "words"))
    assert read_back([f"a,{line}" for sample in found for line in sample.labels]) == [["a", text] for text in batch["text"].to_pylist()]
    assert [sample.text for sample in found] == batch["text"].to_pylist()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_numbers_that_json_cannot_say_are_refused(wrong: float) -> None:
    with pytest.raises(SynthgenError, match="need finite numbers, got others; `synthgen verify` tells where"):
        joined(pa.array([1.0, wrong], type=pa.float32()), np.array([0, 2]))
