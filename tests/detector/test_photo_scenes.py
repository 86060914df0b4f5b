"""Photos with words as scenes: taught once, stored, and the same ever after. Photos show their own region maps."""

import logging
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector import photo_scenes
from detector.labelled import LabelledPhoto
from detector.photo_scenes import PhotoScenes, open_photos, summary, tell_apart
from detector.scenes import SceneSource
from detector.words import TrueWords
from synthgen import heat_maps
from synthgen.arrays import F32, U8, Image, Quads
from synthgen.errors import SynthgenError
from synthgen.quads import of_boxes
from tests.detector.photos_fixture import as_maps, write_photos

WORD = of_boxes(np.array([[20, 20, 110, 50]], dtype=np.float32))
CHARS = of_boxes(np.array([[20, 20, 50, 50], [50, 20, 80, 50], [80, 20, 110, 50]], dtype=np.float32))


def showing(chars: Quads) -> Image:
    region, _ = heat_maps(chars * 2, np.zeros(len(chars), dtype=np.int32), (160, 280))
    return np.repeat(region[:, :, None], 3, axis=2)


def photo_of(name: str, count: int, *texts: str) -> LabelledPhoto:
    """Return a photo with `count` letters where all of its words are."""
    ignored = np.array([text == "###" for text in texts], dtype=np.bool_)
    words = TrueWords(np.repeat(WORD, len(texts), axis=0), tuple("" if text == "###" else text for text in texts), ignored)
    return LabelledPhoto(name, showing(CHARS[:count]), words)


PHOTOS = (photo_of("b.png", 3, "new", "###"), photo_of("sub/a.png", 1, "new"), photo_of("empty.png", 0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", PHOTOS)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def taught(folder: Path, out: Path, teacher: str = "weights") -> PhotoScenes:
    scenes = open_photos(folder, teacher, out)
    tell_apart(scenes, as_maps)
    return scenes


def away(crops: U8) -> F32:
    raise AssertionError("the teacher is asked again")


def test_photos_are_scenes_in_the_order_of_the_labels_with_boxes_as_far_as_they_are_known(folder: Path, out: Path) -> None:
    source: SceneSource = taught(folder, out)
    assert source.sizes == (1, 1, 1) and source.refused == {"unreadable": 0} and source.pool_groups == 1
    scenes = [source.load(number)[0] for number in range(3)]
    for scene, photo in zip(scenes, PHOTOS, strict=True):
        assert isinstance(scene.picture, np.ndarray)
        np.testing.assert_array_equal(scene.picture, photo.photo)
        np.testing.assert_array_equal(scene.word_quads, photo.words.quads)
    assert [scene.confidence.tolist() for scene in scenes] == [[1, 0], [0.5], []]
    assert [scene.char_word.tolist() for scene in scenes] == [[0, 0, 0], [0, 0, 0], []]
    assert np.abs(scenes[0].char_quads - CHARS).max() < 3
    np.testing.assert_allclose(scenes[1].char_quads, CHARS, atol=1e-3)
    assert scenes[2].char_quads.shape == (0, 4, 2)


def test_opening_writes_nothing_and_asks_no_teacher(folder: Path, out: Path) -> None:
    open_photos(folder / "labels.csv", "weights", out)
    assert list(out.iterdir()) == []


def test_a_resumed_run_takes_the_boxes_that_were_stored(folder: Path, out: Path) -> None:
    before = taught(folder, out)
    after = open_photos(folder, "weights", out)
    tell_apart(after, away)
    other = pickle.loads(pickle.dumps(after))
    for scenes in (after, other):
        for mine, theirs in zip(scenes.boxes, before.boxes, strict=True):
            for name in ("quads", "words", "confidence", "even"):
                a, b = getattr(mine, name), getattr(theirs, name)
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)
    assert [path.name for path in out.iterdir()] == [f"pseudo-{before.digest[:16]}.npz"]


def test_boxes_do_not_depend_on_which_photos_are_told_apart_together(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = taught(folder, out).boxes
    monkeypatch.setattr(photo_scenes, "BLOCK", 1)
    (out / "other").mkdir()
    for mine, theirs in zip(taught(folder, out / "other").boxes, together, strict=True):
        np.testing.assert_array_equal(mine.quads, theirs.quads)


def test_the_digest_changes_with_labels_pictures_and_teacher_alone(folder: Path, out: Path) -> None:
    labels = folder / "labels.csv"
    first = open_photos(folder, "weights", out).digest
    digests = [first, open_photos(folder, "other", out).digest]
    kept = labels.read_text(encoding="utf-8")
    for old, new in (("###", "abc"), ("###", ""), ("new", "old"), ("new", "###"), ("20.0", "21.0")):
        labels.write_text(kept.replace(old, new, 1), encoding="utf-8")
        digests.append(open_photos(folder, "weights", out).digest)
    labels.write_text(kept, encoding="utf-8")
    assert open_photos(folder, "weights", out / "elsewhere").digest == first
    cv2.imwrite(str(folder / "empty.png"), np.full((80, 140, 3), 9, dtype=np.uint8))
    digests.append(open_photos(folder, "weights", out).digest)
    assert len(set(digests)) == len(digests) == 8


def test_photos_that_cannot_be_read_are_left_out_counted_and_named(folder: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "b.png").write_bytes(b"not a picture")
    scenes = taught(folder, out)
    assert scenes.refused == {"unreadable": 1} and scenes.sizes == (1, 1)
    assert "b.png: cannot be read as a picture" in caplog.text
    assert len(scenes.load(0)[0].char_quads) == 3 and scenes.load(0)[0].confidence.tolist() == [0.5]


def test_what_came_of_it_is_said(folder: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        scenes = taught(folder, out)
    said = f"{folder}: 2 words of 3 photos: mean confidence 0.75, 1 split evenly, 1 don't care"
    assert summary(scenes) == said and said in caplog.text
    assert f"{folder}: characters told apart: 3 of 3 photos" in caplog.text


def test_photos_without_words_are_said_to_have_none(tmp_path: Path, out: Path) -> None:
    folder = write_photos(tmp_path / "photos", [photo_of("empty.png", 0)])
    assert summary(taught(folder, out)) == f"{folder}: 0 words of 1 photos: 0 don't care"


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "missing"])
def test_damaged_boxes_are_an_error_that_says_how_to_mend_it(folder: Path, out: Path, damage: str) -> None:
    store = taught(folder, out).store
    data = store.read_bytes()
    if damage == "missing":
        np.savez(store, chars=np.zeros(3))
    else:
        store.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"boxes"}[damage])
    scenes = open_photos(folder, "weights", out)
    with pytest.raises(SynthgenError, match=r"pseudo-.*npz: cannot be read: .*; remove it and start again, it is then made anew"):
        tell_apart(scenes, as_maps)
    store.unlink()
    tell_apart(scenes, as_maps)
    assert len(scenes.boxes) == 3


def test_boxes_of_other_photos_are_an_error(folder: Path, out: Path) -> None:
    store = taught(folder, out).store
    with np.load(store) as file:
        fields = dict(file)
    np.savez(store, **{**fields, "words": fields["words"][::-1]})
    with pytest.raises(
        SynthgenError, match=r"need the boxes of 3 photos with 3 words, got others; remove it and start again, it is then made anew"
    ):
        tell_apart(open_photos(folder, "weights", out), away)


def test_photos_without_boxes_cannot_be_loaded(folder: Path, out: Path) -> None:
    with pytest.raises(SynthgenError, match=r"cannot be read: .*No such file"):
        open_photos(folder, "weights", out).load(0)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need labels.csv with the columns file,x1,.*,text, or shards, found neither"):
        open_photos(tmp_path, "weights", tmp_path)
    (tmp_path / "words").mkdir()
    with pytest.raises(SynthgenError, match=r"need labels.csv with the columns file,x1,.*,text, found none; write it"):
        open_photos(tmp_path, "weights", tmp_path)


def test_a_folder_of_broken_photos_is_refused(folder: Path, out: Path) -> None:
    for photo in PHOTOS:
        (folder / photo.name).write_bytes(b"")
    with pytest.raises(SynthgenError, match="need at least one photo that can be read, got none of 3; replace them"):
        open_photos(folder, "weights", out)
