"""An evaluation from photos to shares: of photos with the places of words, and of those of which the text alone is known."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.metrics import Counts
from detector.words import TrueWords
from extractor.evaluate import NAMED, Order, Report, evaluate, measure
from extractor.metrics import ReadWords
from extractor.truth import TruePhoto, TruePhotos, listed_texts
from synthgen import read_picture
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from synthgen.quads import of_boxes
from tests.extractor.painted import blank, extractor, paint
from tests.fake_runs import fake_job, render

PLACED = "file,x1,y1,x2,y2,x3,y3,x4,y4,text"
BOXES = {"KRAFT": (20, 30), "Net": (20, 130), "wt": (110, 130)}  # corners; all are 60 x 30 px


def jar() -> Image:
    photo = blank(200, 300)
    for text, corner in BOXES.items():
        paint(photo, corner, (30, 60), text)
    return photo


def row(name: str, corner: tuple[int, int], text: str) -> list[object]:
    x, y = corner
    return [name, x, y, x + 60, y, x + 60, y + 30, x, y + 30, text]


def folder(place: Path, head: str, rows: Sequence[Sequence[object]], photos: Sequence[str] = ("jar.png",)) -> Path:
    place.mkdir(exist_ok=True)
    for name in photos:
        cv2.imwrite(str(place / name), jar()[:, :, ::-1])
    with (place / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head.split(","), *rows])
    return place


def test_shares_counts_and_errors_are_those_of_the_photos(tmp_path: Path) -> None:
    rows = [row("jar.png", BOXES["KRAFT"], "Kraft"), row("jar.png", BOXES["Net"], "Nut"), row("jar.png", (200, 30), "Spread")]
    rows += [row("jar.png", BOXES["wt"], "###"), row("clean.png", BOXES["KRAFT"], "kraft")]
    report = evaluate(Order(extractor(), folder(tmp_path, PLACED, rows, ("jar.png", "clean.png"))))
    told = report.to_json()
    assert (report.counts, report.boxes) == (Counts(2, 5, 4), Counts(3, 5, 4))
    assert (told["precision"], told["recall"], told["f"]) == (0.4, 0.5, pytest.approx(4 / 9))
    assert (told["read_right"], told["count_ignored"], told["count_left_out"], told["count_photos"]) == (pytest.approx(2 / 3), 1, 1, 2)
    assert (told["word_recall"], told["count_different_words"]) == (0.5, 4)
    assert report.photos[0].as_line() == "jar.png: 1 of 3 words: misread Nut > Net; missed Spread"
    assert report.photos[1].as_line() == "clean.png: 1 of 1 words: wrong Net, wt"
    assert json.loads(json.dumps(told)) == told


def test_it_is_told_to_people_in_lines(tmp_path: Path) -> None:
    rows = [row("jar.png", BOXES["KRAFT"], "Kraft"), row("jar.png", BOXES["Net"], "Nut"), row("jar.png", BOXES["wt"], "wt")]
    lines = evaluate(Order(extractor(), folder(tmp_path, PLACED, rows))).as_lines()
    assert lines[:5] == [
        "jar.png: 2 of 3 words: misread Nut > Net",
        "3 words on 1 photos",
        "box and text right: precision 0.667, recall 0.667, F 0.667",
        "the same by letters and digits: precision 0.667, recall 0.667, F 0.667",
        "box alone: precision 1.000, recall 1.000, F 1.000; of these 66.7% read right",
    ]
    assert lines[5] == "wherever they stand: 66.7% of 3 different words read" and "s a photo" in lines[6] and len(lines) == 7


def test_of_photos_with_texts_alone_the_share_of_words_is_told_and_nothing_else(tmp_path: Path) -> None:
    rows = [("jar.png", "kraft sandwich"), ("jar.png", "NET"), ("other.png", "")]
    report = evaluate(Order(extractor(), folder(tmp_path, "file,text", rows, ("jar.png", "other.png"))))
    told = report.to_json()
    assert told["word_recall"] == pytest.approx(2 / 3) and (told["precision"], told["recall"], told["f"], told["f_alnum"]) == (None,) * 4
    assert report.as_lines()[:2] == ["jar.png: missed sandwich", "2 photos: 66.7% of 3 different words read"]


def test_seconds_are_those_of_reading_alone() -> None:
    photo = TruePhoto("a", blank(4, 4), (), None)
    report = measure(lambda _: ReadWords(np.zeros((0, 4, 2), np.float32), ()), [photo, photo])
    seconds = report.to_json()["seconds"]
    assert isinstance(seconds, dict) and set(seconds) == {"mean", "median", "cpu_mean", "cpu_median"}
    assert all(0 <= spent < 1 for spent in seconds.values())


def test_dropped_photos_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    place = folder(tmp_path, PLACED, [row(name, BOXES["KRAFT"], "Kraft") for name in ("bad.png", "jar.png")], ("bad.png", "jar.png"))
    (place / "bad.png").write_bytes(b"no picture")
    report = evaluate(Order(extractor(), place))
    assert report.dropped == 1 and "bad.png: cannot be read as a picture" in report.dropped_names[0]
    assert report.as_lines()[-1].startswith("1 photos dropped, such as ")
    many = Report()
    for k in range(NAMED + 3):
        many.drop(str(k))
    assert (many.dropped, len(many.dropped_names)) == (NAMED + 3, NAMED)


def test_a_limit_takes_the_first_photos(tmp_path: Path) -> None:
    rows = [row(name, BOXES["KRAFT"], "Kraft") for name in ("a.png", "b.png")]
    assert len(evaluate(Order(extractor(), folder(tmp_path, PLACED, rows, ("a.png", "b.png")), limit=1)).photos) == 1
    texts = folder(tmp_path / "texts", "file,text", [("a.png", "Kraft"), ("b.png", "Net")], ("a.png", "b.png"))
    assert [photo.name for photo in evaluate(Order(extractor(), texts, limit=1)).photos] == ["a.png"]


def test_overlays_show_right_wrong_missed_and_ignored_words(tmp_path: Path) -> None:
    rows = [row("jar.png", BOXES["KRAFT"], "Kraft"), row("jar.png", BOXES["Net"], "Nut"), row("jar.png", (200, 30), "Spread")]
    place = folder(tmp_path / "photos", PLACED, [*rows, row("jar.png", BOXES["wt"], "###")])
    evaluate(Order(extractor(), place, overlays=tmp_path / "overlays"))
    (written,) = (tmp_path / "overlays").iterdir()
    seen = read_picture(written)
    assert written.name == "00001-jar.png" and seen.shape == (200, 300, 3)
    for rgb, (x, y) in {(0, 200, 60): (20, 30), (255, 140, 0): (20, 130), (230, 40, 40): (200, 30), (170, 170, 170): (110, 130)}.items():
        near = seen[y - 4 : y + 34, x - 4 : x + 64].astype(int)
        assert (np.abs(near - np.array(rgb)).max(axis=2) < 30).sum() > 20, rgb


def test_texts_of_a_photo_may_be_in_several_rows(tmp_path: Path) -> None:
    place = folder(tmp_path, "file,text", [("b.png", "one two"), ("a.png", ""), ("b.png", "three")], ("a.png", "b.png"))
    assert listed_texts(place / "labels.csv") == {"b.png": ("one two", "three"), "a.png": ()}
    assert [(photo.name, photo.texts, photo.words) for photo in TruePhotos(place) if isinstance(photo, TruePhoto)] == [
        ("b.png", ("one two", "three"), None),
        ("a.png", (), None),
    ]


def test_a_photo_that_is_not_there_and_a_short_line_are_errors_that_name_the_line(tmp_path: Path) -> None:
    place = folder(tmp_path, "file,text", [("gone.png", "one")])
    with pytest.raises(SynthgenError, match=r"labels.csv: line 2: need a photo, found no file 'gone.png'; put it there, or mend the name"):
        list(TruePhotos(place))
    place = folder(tmp_path, "file,text", [("jar.png",)])
    with pytest.raises(SynthgenError, match=r"labels.csv: line 2: need 2 cells, got 1; fill the line"):
        list(TruePhotos(place))


def test_photos_of_which_none_can_be_read_are_an_error(tmp_path: Path) -> None:
    place = folder(tmp_path, "file,text", [("jar.png", "one")])
    (place / "jar.png").write_bytes(b"")
    with pytest.raises(SynthgenError, match=r"need at least one photo that can be read, got none: the first: .*jar.png: cannot be read"):
        list(TruePhotos(place))
    with pytest.raises(SynthgenError, match="need at least one photo that can be read, got none: no rows; mend it"):
        list(TruePhotos(folder(tmp_path, "file,text", [])))


def test_a_table_with_some_places_is_told_which_columns_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="need the columns file,x1,y1"):
        list(TruePhotos(folder(tmp_path, "file,x1,text", [("jar.png", 1, "one")])))
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(SynthgenError, match="cannot be read as CSV in UTF-8"):
        list(TruePhotos(tmp_path))


def test_scenes_of_shards_are_photos_too(undisturbed_run: Path) -> None:
    photos = [photo for photo in TruePhotos(undisturbed_run, 3) if isinstance(photo, TruePhoto)]
    assert len(photos) == 3 and all(photo.words is not None for photo in photos)


@pytest.fixture(scope="module")
def undisturbed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes")
    render(fake_job(out, n=0, scenes=4))
    return out


def test_quads_of_the_report_need_not_be_upright() -> None:
    quads = of_boxes(np.array([[0, 0, 40, 10]], dtype=np.float32))
    photo = TruePhoto("a", blank(20, 60), ("up",), TrueWords(quads, ("up",), np.zeros(1, np.bool_)))
    over = np.roll(quads, 2, axis=1)
    assert measure(lambda _: ReadWords(over, ("UP",)), [photo]).counts == Counts(1, 1, 1)
