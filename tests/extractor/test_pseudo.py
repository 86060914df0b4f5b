"""Pseudo labels: what is written is what both trainers' readers of labels read, and what is unsure does not count there."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.labelled import LabelledPhoto, Photos
from detector.photo_scenes import open_photos, tell_apart
from extractor.page import Maps, Page, Word
from extractor.photo_files import PhotoFiles
from extractor.pseudo import Sureness, write_pseudo
from extractor.reading import Extractor
from extractor.regions import unread
from extractor.straighten import crop_of
from recognizer.crops import Target, open_folder
from recognizer.options import ReaderOptions
from synthgen import Alphabet, read_picture
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from tests.extractor.pages_fixture import box, word_of
from tests.extractor.painted import blank, extractor, paint, scorer

LOW = Sureness(confidence=0.5)


def every_word() -> Extractor:
    """Return an extractor that leaves out no word, however unsure."""
    return extractor(least_confidence=0.0)


def jar() -> Image:
    """Return a photo with two words that are read, one that is not, and a place that is too faint for a word."""
    photo = blank(200, 320)
    paint(photo, (20, 30), (30, 60), "KRAFT")
    paint(photo, (20, 130), (30, 60), "Net")
    paint(photo, (120, 130), (30, 60), "")
    photo[30:60, 220:280, 0] = 166  # 0.65, below a word's 0.7
    return photo


def saved(path: Path, photo: Image | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), (jar() if photo is None else photo)[:, :, ::-1])
    return path


def labels(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_written_is_what_the_detectors_reader_of_photos_reads(tmp_path: Path) -> None:
    photo = saved(tmp_path / "in" / "jar.png")
    report = write_pseudo(PhotoFiles(every_word(), [photo]), tmp_path / "out", LOW)
    page = every_word().extract(jar())
    (found,) = (one for one in Photos(tmp_path / "out" / "scenes") if isinstance(one, LabelledPhoto))
    assert found.name == "00001-jar.png" and np.array_equal(found.photo, jar())
    assert found.words.texts[: len(page.words)] == tuple(word.text if word.confidence > 0.5 else "" for word in page.words)
    assert sorted(found.words.texts) == ["", "", "KRAFT", "Net"] and found.words.ignored.tolist() == [
        not text for text in found.words.texts
    ]
    assert found.words.quads[: len(page.words)] == pytest.approx(np.stack([word.quad for word in page.words]), abs=0.01)
    (faint,) = found.words.quads[len(page.words) :]
    assert faint == pytest.approx(box(220, 30, 280, 60), abs=3)
    assert (report.photos, report.kept, report.unsure, report.unread) == (1, 2, 1, 1)


def test_the_detectors_loss_does_not_count_what_is_unsure(tmp_path: Path) -> None:
    write_pseudo(PhotoFiles(every_word(), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out", LOW)
    (tmp_path / "run").mkdir()
    scenes = open_photos(tmp_path / "out" / "scenes", "weights", tmp_path / "run")
    tell_apart(scenes, scorer)
    (scene,) = scenes.load(0)
    assert [bool(sure) for sure in scene.confidence] == [text not in ("", "###") for text in scenes.labels["00001-jar.png"].texts]
    assert sum(map(bool, scene.confidence)) == 2


def test_what_is_written_is_what_the_readers_reader_of_crops_reads(tmp_path: Path) -> None:
    write_pseudo(PhotoFiles(every_word(), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out", LOW)
    crops = open_folder(tmp_path / "out" / "crops", Target(Alphabet(), ReaderOptions()))
    assert crops.texts == ("KRAFT", "Net") and crops.refused == {"does_not_fit": 0}
    sure = [word for word in every_word().extract(jar()).words if word.text in crops.texts]
    for name, word in zip(crops.files, sure, strict=True):
        assert np.array_equal(read_picture(tmp_path / "out" / "crops" / name), crop_of(jar(), word))


def test_photos_of_one_name_both_find_room_and_are_copied_as_they_are(tmp_path: Path) -> None:
    paths = [saved(tmp_path / folder / "jar.png") for folder in "ab"]
    write_pseudo(PhotoFiles(every_word(), paths), tmp_path / "out", LOW)
    copies = sorted((tmp_path / "out" / "scenes").glob("*.png"))
    assert [path.name for path in copies] == ["00001-jar.png", "00002-jar.png"]
    assert [path.read_bytes() for path in copies] == [path.read_bytes() for path in paths]
    assert len({row["file"] for row in labels(tmp_path / "out" / "crops" / "labels.csv")}) == 4


def test_photos_without_a_sure_word_and_broken_ones_are_left_out_and_counted(tmp_path: Path) -> None:
    bad = tmp_path / "in" / "bad.png"
    paths = [saved(tmp_path / "in" / "jar.png"), saved(tmp_path / "in" / "empty.png", blank(64, 64)), bad]
    bad.write_bytes(b"no picture")
    report = write_pseudo(PhotoFiles(every_word(), paths), tmp_path / "out", LOW)
    assert (report.photos, report.without, len(report.faults)) == (1, 1, 1) and "bad.png: cannot be read" in report.faults[0]
    assert {row["file"] for row in labels(tmp_path / "out" / "scenes" / "labels.csv")} == {"00001-jar.png"}
    out = tmp_path / "out"
    marked, left = "1 unsure words and 1 unread places marked", "1 photos without a sure word left out, 1 not readable"
    assert report.as_lines() == [
        f"{out}: 2 sure words of 1 photos; {marked}; {left}",
        f"Next: recognizer train --data {out / 'crops'} ..., detector train --data {out / 'scenes'} --init detector.keras ...",
    ]
    assert report.kept == 2


def test_where_nothing_is_sure_no_table_is_written_and_it_is_told(tmp_path: Path) -> None:
    report = write_pseudo(PhotoFiles(every_word(), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out", Sureness(confidence=1.0))
    assert report.as_lines() == [f"{tmp_path / 'out'}: no word is sure enough; 1 photos without a sure word left out, 0 not readable"]
    assert not list((tmp_path / "out").rglob("labels.csv"))


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "out" / "old.png")
    with pytest.raises(SynthgenError, match="need an empty folder"):
        write_pseudo(PhotoFiles(every_word(), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out")


def test_a_run_that_ends_half_way_leaves_no_table(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stopping(strips: object) -> list[tuple[str, float]]:
        raise StoppedError

    with pytest.raises(StoppedError):
        write_pseudo(PhotoFiles(replace(every_word(), reader=stopping), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out", LOW)
    assert not list(tmp_path.rglob("labels.csv"))


@pytest.mark.parametrize(
    ("word", "sure"),
    [
        (word_of("Kraft", (0, 0), confidence=0.951**6), True),
        (word_of("Kraft", (0, 0), confidence=0.949**6), False),
        (word_of("Kraft", (0, 0), score=0.79), False),
        (word_of("OK", (0, 0)), True),
        (word_of("a.", (0, 0)), False),
        (word_of("###", (0, 0)), False),
        (Word("low", box(0, 0, 40, 11), None, 1.0, 1.0, 0), False),
        (Word("none", box(0, 0, 0, 20), None, 1.0, 1.0, 0), False),
    ],
)
def test_a_word_is_sure_if_reader_and_detector_are_and_it_is_large_and_long_enough(word: Word, sure: bool) -> None:
    assert Sureness().holds(word) == sure


def test_the_way_up_of_a_word_goes_with_its_quad(tmp_path: Path) -> None:
    photo = np.ascontiguousarray(np.rot90(jar(), 2))
    write_pseudo(PhotoFiles(every_word(), [saved(tmp_path / "in" / "jar.png", photo)]), tmp_path / "out", LOW)
    rows = {row["text"]: row for row in labels(tmp_path / "out" / "scenes" / "labels.csv")}
    assert float(rows["KRAFT"]["x1"]) > float(rows["KRAFT"]["x3"]) and float(rows["KRAFT"]["y1"]) > float(rows["KRAFT"]["y3"])


def test_a_word_that_the_extractor_leaves_out_is_marked_too(tmp_path: Path) -> None:
    report = write_pseudo(PhotoFiles(extractor(least_confidence=0.5), [saved(tmp_path / "in" / "jar.png")]), tmp_path / "out", LOW)
    (found,) = (one for one in Photos(tmp_path / "out" / "scenes") if isinstance(one, LabelledPhoto))
    assert (report.unsure, report.unread) == (0, 2)
    assert min(np.abs(quad - box(120, 130, 180, 160)).max() for quad in found.words.quads[found.words.ignored]) < 4


def test_a_frame_of_faint_scores_round_a_word_does_not_hide_it() -> None:
    region = np.zeros((100, 200), dtype=np.uint8)
    region[40:60, 40:120] = 255
    region[37:63, 37:123] = np.maximum(region[37:63, 37:123], 120)
    page = Page(100, 200, (Word("x", box(40, 40, 120, 60), None, 1, 1, 0),), ())
    assert unread(page, Maps(region, region, 1.0)).shape == (0, 4, 2)
    region[80:95, 150:190] = 160
    assert unread(page, Maps(region, region, 1.0))[0] == pytest.approx(box(150, 80, 190, 95), abs=1)


@pytest.mark.parametrize(
    ("values", "fault"), [({"confidence": 1.1}, "--sure: need a share"), ({"score": -0.1}, "--sure-score: need a share")]
)
def test_shares_that_are_none_are_refused(values: dict[str, float], fault: str) -> None:
    with pytest.raises(SynthgenError, match=fault):
        Sureness(**values)


def test_a_height_below_0_is_refused() -> None:
    with pytest.raises(SynthgenError, match="--sure-height: need 0 px or more, got -1"):
        Sureness(height_px=-1)
