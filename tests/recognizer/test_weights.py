"""What is kept of a reader is what comes back, and nothing else passes for one; another reader may start from it."""

import json
import zipfile
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pytest

from recognizer.header import READER, Header
from recognizer.model import build_reader
from recognizer.options import ReaderOptions
from recognizer.prepare import as_input
from recognizer.weights import Reader, load_reader, save_reader, start_from
from synthgen.alphabet import Alphabet
from synthgen.errors import SynthgenError
from tests.recognizer.reader_fixture import CARD, noise, shaken_reader
from training.keras_file import WEIGHTS

OPTIONS = ReaderOptions(width=32)
LARGEST_BYTES = 16_000_000  # of a file that is shipped
NOTES = Header(OPTIONS, Alphabet(), CARD).to_notes()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return shaken_reader(OPTIONS)


@pytest.fixture(scope="module")
def whole(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "reader.keras"
    save_reader(path, reader)
    return path


@pytest.fixture(scope="module")
def half(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("half") / "reader.keras"
    save_reader(path, reader, half=True)
    return path


def rewritten(path: Path, out: Path, entries: dict[str, str | None]) -> Path:
    """Return `out`, a copy of the file at `path` with `entries` of other content, or without those of None."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = entries.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out


def test_a_reader_comes_back_as_it_was_saved(reader: Reader, whole: Path) -> None:
    loaded = load_reader(whole)
    assert loaded.header == reader.header and loaded.card == CARD
    for ours, back in zip(reader.model.weights, loaded.model.weights, strict=True):
        assert back.dtype == "float32" and np.array_equal(ours.numpy(), back.numpy()), ours.path
    assert [path.name for path in whole.parent.iterdir()] == [whole.name]  # no scratch file stays


def test_a_half_file_is_small_and_has_matrices_rounded_to_float16_and_vectors_as_they_were(reader: Reader, half: Path) -> None:
    loaded = load_reader(half)
    assert half.stat().st_size <= LARGEST_BYTES
    for ours, back in zip(reader.model.weights, loaded.model.weights, strict=True):
        kept = ours.numpy().astype(np.float16) if len(ours.shape) > 1 else ours.numpy()
        assert back.dtype == "float32" and np.array_equal(kept.astype(np.float32), back.numpy()), ours.path


def test_keras_itself_reads_the_file(half: Path) -> None:
    images = as_input(noise(2))
    assert np.array_equal(keras.models.load_model(half)(images), load_reader(half).model(images))


def test_what_was_trained_in_bfloat16_is_kept_in_float32(tmp_path: Path) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        reader = Reader(build_reader(OPTIONS), OPTIONS, Alphabet(), CARD)
        save_reader(tmp_path / "reader.keras", reader)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)
    assert reader.model.get_layer("conv7").compute_dtype == "bfloat16"
    with zipfile.ZipFile(tmp_path / "reader.keras") as file:
        config = file.read("config.json").decode()
    assert "float32" in config and "bfloat16" not in config
    loaded = load_reader(tmp_path / "reader.keras")
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(reader.model.weights, loaded.model.weights, strict=True))


def test_a_reader_is_saved_under_a_name_that_keras_knows(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"reader.h5: need a name that ends in .keras, got reader.h5"):
        save_reader(tmp_path / "reader.h5", reader)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_keeps_the_old_file(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "reader.keras"
    path.write_bytes(b"old")
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(SynthgenError, match=r"reader.keras: cannot be written: the disk is full"):
        save_reader(path, reader)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999999])
def test_a_part_of_a_file_is_no_reader(half: Path, tmp_path: Path, share: float) -> None:
    stored = half.read_bytes()
    part = tmp_path / "part.keras"
    part.write_bytes(stored[: int(share * len(stored))])
    with pytest.raises(SynthgenError, match=r"part.keras: need a whole .keras file, got one that cannot be read: .*; copy it anew"):
        load_reader(part)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_wrong_byte_among_the_weights_is_found(half: Path, tmp_path: Path, place: float) -> None:
    stored = bytearray(half.read_bytes())
    stored[int(place * len(stored))] ^= 1
    wrong = tmp_path / "wrong.keras"
    wrong.write_bytes(stored)
    with pytest.raises(SynthgenError, match=r"wrong.keras: need a whole .keras file, got one that cannot be read: Bad CRC-32"):
        load_reader(wrong)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none.keras: need a whole .keras file, got one that cannot be read: .*No such file"):
        load_reader(tmp_path / "none.keras")


def test_a_model_of_another_kind_is_no_reader(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(SynthgenError, match=r"other.keras: need a reader, with the entries reader.json and .*, got metadata.json"):
        load_reader(tmp_path / "other.keras")


def test_a_header_that_is_no_json_object_is_refused(half: Path, tmp_path: Path) -> None:
    for content in ("{", "[1]"):
        with pytest.raises(SynthgenError, match=r"need a whole .keras file"):
            load_reader(rewritten(half, tmp_path / "reader.keras", {READER.entry: content}))


def test_weights_of_another_reader_are_refused(half: Path, tmp_path: Path) -> None:
    notes = Header(ReaderOptions(classes=3, width=32), Alphabet("ab"), {}).to_notes()
    with pytest.raises(SynthgenError, match=r"need the weights of ReaderOptions\(classes=3, .*, got others"):
        load_reader(rewritten(half, tmp_path / "reader.keras", {READER.entry: json.dumps(notes)}))
    with pytest.raises(SynthgenError, match=r"need the weights of .*, got others: .*; give a file that"):
        load_reader(rewritten(half, tmp_path / "reader.keras", {WEIGHTS: "no weights"}))


def test_a_header_comes_back_from_its_notes() -> None:
    for header in (Header(OPTIONS, Alphabet(), CARD), Header(ReaderOptions(3, "stn", "attention", 64), Alphabet('"€'), {})):
        assert Header.from_notes(header.to_notes(), "x") == header


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"options": None, "card": None}, r"x: need a reader with options, alphabet and card, got none of \['options', 'card'\]"),
        ({"options": "{"}, "x: need options this version knows, got {: Expecting"),
        ({"options": '{"rectify": "bend"}'}, "x: need options this version knows, got .*--rectify: need none or stn, got 'bend'"),
        ({"options": '{"depth": 7}'}, "x: need options this version knows, got .*unexpected keyword argument 'depth'"),
        ({"options": '{"width": "x"}'}, "x: need options this version knows, got"),
        ({"options": "[]"}, "x: need options this version knows, got"),
        ({"alphabet": "aa"}, "x: need options this version knows, got .*alphabet: each character once"),
        ({"alphabet": "abc"}, "x: need one class more than characters, got 93 classes and 3 characters; give a file that"),
    ],
)
def test_a_header_of_no_reader_is_refused(changed: dict[str, str | None], message: str) -> None:
    notes = {key: value for key, value in {**NOTES, **changed}.items() if value is not None}
    with pytest.raises(SynthgenError, match=message):
        Header.from_notes(notes, "x")


def test_a_wider_reader_takes_all_weights_of_a_narrower_one(reader: Reader) -> None:
    options = ReaderOptions(width=64)
    wide = Reader(build_reader(options), options, Alphabet(), {})
    assert start_from(wide, reader) == []
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(wide.model.weights, reader.model.weights, strict=True))


@pytest.mark.parametrize("head", ["ctc", "attention"])
def test_of_another_alphabet_the_shared_characters_are_taken_and_the_others_start_fresh(head: Literal["ctc", "attention"]) -> None:
    letters = "zA€b"
    options, given = ReaderOptions(classes=5, width=32, head=head), shaken_reader(ReaderOptions(width=32, head=head))
    other = Reader(build_reader(options), options, Alphabet(letters), {})
    name = "logits" if head == "ctc" else "classes"
    before = [value.numpy() for value in other.model.weights]
    assert start_from(other, given) == []
    shared = {0: 0, 1: given.alphabet.classes["z"], 2: given.alphabet.classes["A"], 4: given.alphabet.classes["b"]}
    for value, own, old in zip(other.model.weights, before, given.model.get_weights(), strict=True):
        found = value.numpy()
        if value.path.endswith((f"{name}/kernel", f"{name}/bias")):
            assert np.array_equal(found[..., list(shared)], old[..., list(shared.values())]), value.path
            assert np.array_equal(found[..., 3], own[..., 3]), value.path  # the euro sign
        elif value.path == "logits/cell/kernel":  # 256 rows of the glimpse, then a row a class
            assert np.array_equal(found[:256], old[:256])
            assert np.array_equal(found[[256 + k for k in shared]], old[[256 + k for k in shared.values()]])
            assert np.array_equal(found[259], own[259])
        else:
            assert np.array_equal(found, old), value.path


def test_layers_that_only_the_new_reader_has_start_fresh_and_are_named(reader: Reader) -> None:
    options = ReaderOptions(width=32, rectify="stn", head="attention")
    other = Reader(build_reader(options), options, Alphabet(), {})
    before = other.model.get_layer("logits").get_weights()
    assert start_from(other, reader) == ["rectifier", "logits"]
    assert all(np.array_equal(a, b) for a, b in zip(before, other.model.get_layer("logits").get_weights(), strict=True))
    assert np.array_equal(other.model.get_layer("lstm2").get_weights()[0], reader.model.get_layer("lstm2").get_weights()[0])


def test_a_rectifier_of_another_width_starts_fresh() -> None:
    narrow, wide = ReaderOptions(width=32, rectify="stn"), ReaderOptions(width=64, rectify="stn")
    other = Reader(build_reader(wide), wide, Alphabet(), {})
    before = other.model.get_layer("rectifier").get_weights()
    assert start_from(other, shaken_reader(narrow)) == ["rectifier"]
    assert all(np.array_equal(a, b) for a, b in zip(before, other.model.get_layer("rectifier").get_weights(), strict=True))
