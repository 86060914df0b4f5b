"""Scene columns: what DESIGN.md promises, from flat arrays."""

from dataclasses import replace

import numpy as np
import pytest

from synthgen.shards.scenes import scene_batch
from synthgen.shards.schema import SCENE_SCHEMA
from tests.fake_scenes import HEIGHT, WIDTH, scene_rows
from tests.fake_words import NAMES

ROWS = scene_rows(seed=3, first=4, last=13)


def cut(flat: np.ndarray, offsets: np.ndarray, k: int) -> np.ndarray:
    return flat[offsets[k] : offsets[k + 1]]


def test_a_batch_says_what_the_arrays_say() -> None:
    batch = scene_batch(ROWS, NAMES)
    batch.validate(full=True)
    for k, row in enumerate(batch.to_pylist()):
        assert (row["index"], row["width"], row["height"]) == (4 + k, WIDTH, HEIGHT)
        assert row["image"] == {"bytes": cut(ROWS.jpeg, ROWS.jpeg_offsets, k).tobytes(), "path": None}
        assert row["region"]["bytes"] == cut(ROWS.region, ROWS.region_offsets, k).tobytes()
        assert row["affinity"]["bytes"] == cut(ROWS.affinity, ROWS.affinity_offsets, k).tobytes()
        assert (row["background"], row["split"]) == (NAMES.backgrounds[ROWS.background[k]], NAMES.splits[ROWS.split[k]])
        assert len(row["words"]) == ROWS.word_offsets[k + 1] - ROWS.word_offsets[k]
        assert len(row["chars"]) == ROWS.char_offsets[k + 1] - ROWS.char_offsets[k]


def test_words_and_characters_stand_in_order() -> None:
    batch = scene_batch(ROWS, NAMES)
    words = [word for row in batch["words"].to_pylist() for word in row]
    for k, word in enumerate(words):
        assert word["text"] == cut(ROWS.word_text, ROWS.word_text_offsets, k).tobytes().decode()
        assert np.array_equal(np.reshape(word["quad"], (4, 2)), ROWS.word_quads[k])
        assert np.array_equal(np.reshape(word["polygon"], (-1, 2)), cut(ROWS.polygon, ROWS.polygon_offsets, k))
        assert (word["line"], word["visible"], word["ignore"]) == (ROWS.word_line[k], ROWS.word_visible[k], ROWS.word_ignore[k])
        assert word["font"] == ("" if ROWS.word_font[k] < 0 else NAMES.fonts[ROWS.word_font[k]])
    chars = [char for row in batch["chars"].to_pylist() for char in row]
    for k, char in enumerate(chars):
        assert char["char"] == cut(ROWS.char_text, ROWS.char_text_offsets, k).tobytes().decode()
        assert (char["word"], char["visible"]) == (ROWS.char_word[k], ROWS.char_visible[k])
        assert np.array_equal(np.reshape(char["quad"], (4, 2)), ROWS.char_quads[k])
    assert (len(words), len(chars)) == (len(ROWS.word_quads), len(ROWS.char_quads))


def test_characters_spell_their_words() -> None:
    for row in scene_batch(ROWS, NAMES).to_pylist():
        spelt = ["".join(char["char"] for char in row["chars"] if char["word"] == k) for k in range(len(row["words"]))]
        assert spelt == [word["text"] for word in row["words"]]


def test_the_schema_is_as_promised() -> None:
    quad = "quad: fixed_size_list<element: float>[8]"
    word = f"text: string, {quad}, polygon: list<element: float>, line: int32, font: string, visible: float, ignore: bool"
    picture = "struct<bytes: binary, path: string>"
    expected = (
        f"index: int64, image: {picture}, width: int32, height: int32, "
        f"words: list<element: struct<{word}>>, chars: list<element: struct<char: string, word: int32, {quad}, visible: float>>, "
        f"region: {picture}, affinity: {picture}, background: string, split: string"
    )
    assert ", ".join(f"{field.name}: {field.type}" for field in SCENE_SCHEMA).replace("item: ", "element: ") == expected


@pytest.mark.parametrize("name", ["jpeg", "region", "affinity", "word", "word_text", "polygon", "char", "char_text"])
def test_offsets_that_do_not_fit_are_refused(name: str) -> None:
    offsets = getattr(ROWS, f"{name}_offsets")
    for wrong in (offsets[:-1], offsets + 1, np.r_[0, offsets[-1], offsets[2:-1], offsets[1], offsets[-1]][-len(offsets) :]):
        with pytest.raises(ValueError, match=rf"SceneRows\.{name}_offsets: need {len(offsets)} numbers from 0 to {offsets[-1]}"):
            scene_batch(replace(ROWS, **{f"{name}_offsets": wrong}), NAMES)


def test_characters_belong_to_words_of_their_own_scene() -> None:
    for wrong in (-1, 1):  # scene 4, the first, has one word
        char_word = ROWS.char_word.copy()
        char_word[0] = wrong
        with pytest.raises(ValueError, match=rf"SceneRows\.char_word: need a word of the same scene, of 1, got {wrong}"):
            scene_batch(replace(ROWS, char_word=char_word), NAMES)


def test_lines_are_counted_from_zero() -> None:
    with pytest.raises(ValueError, match=r"SceneRows\.word_line: need 0 or more, got -1"):
        scene_batch(replace(ROWS, word_line=ROWS.word_line - np.int32(1)), NAMES)
