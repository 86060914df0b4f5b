"""What is kept of a detector is what comes back, and nothing else passes for one; another detector may start from it."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from detector.header import DETECTOR, Header
from detector.model import build_detector
from detector.options import DetectorOptions
from detector.prepare import as_input
from detector.weights import Detector, load_detector, save_detector, start_from
from synthgen.errors import SynthgenError
from tests.detector.detector_fixture import CARD, TINY, largest_difference, noise, shaken_detector

NOTES = Header(TINY, CARD).to_notes()


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("half") / "detector.keras"
    save_detector(path, shaken_detector(), half=True)
    return path


def rewritten(path: Path, out: Path, entries: dict[str, str]) -> Path:
    """Return `out`, a copy of the file at `path` with `entries` of other content."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, entries.get(name, old.read(name)))
    return out


def test_a_detector_comes_back_as_it_was_saved_in_a_folder_that_is_made(tmp_path: Path) -> None:
    detector, file = shaken_detector(), tmp_path / "new" / "detector.keras"
    save_detector(file, detector)
    loaded = load_detector(file)
    assert loaded.header == detector.header and loaded.card == CARD
    for ours, back in zip(detector.model.weights, loaded.model.weights, strict=True):
        assert back.dtype == "float32" and np.array_equal(ours.numpy(), back.numpy()), ours.path
    assert list(file.parent.iterdir()) == [file]


def test_a_half_file_has_kernels_rounded_to_float16_and_its_maps_are_close(half: Path) -> None:
    detector, loaded = shaken_detector(), load_detector(half)
    for ours, back in zip(detector.model.weights, loaded.model.weights, strict=True):
        kept = ours.numpy().astype(np.float16) if len(ours.shape) > 1 else ours.numpy()
        assert back.dtype == "float32" and np.array_equal(kept.astype(np.float32), back.numpy()), ours.path
    image = as_input(noise(1))
    maps, close = (np.asarray(each.model(image)) for each in (detector, loaded))
    assert 0 < largest_difference(maps, close) <= 1e-2 and maps.std() > 0.3


@pytest.mark.slow
def test_what_was_trained_in_bfloat16_is_kept_in_float32(tmp_path: Path) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        detector = Detector(build_detector(TINY), TINY, CARD)
        save_detector(tmp_path / "detector.keras", detector)
    finally:
        keras.config.set_dtype_policy(before)
    assert detector.model.get_layer("conv7").compute_dtype == "bfloat16"
    with zipfile.ZipFile(tmp_path / "detector.keras") as file:
        config = file.read("config.json").decode()
    assert "float32" in config and "bfloat16" not in config


@pytest.mark.slow
def test_the_paper_s_detector_is_small_enough_to_be_shipped(tmp_path: Path) -> None:
    options = DetectorOptions()
    save_detector(tmp_path / "detector.keras", Detector(build_detector(options), options, {}), half=True)
    assert (tmp_path / "detector.keras").stat().st_size <= 45_000_000


def test_files_that_hold_no_detector_are_refused_by_name(half: Path, tmp_path: Path) -> None:
    stored = half.read_bytes()
    (tmp_path / "part.keras").write_bytes(stored[: len(stored) // 2])
    with pytest.raises(SynthgenError, match=r"part.keras: need a whole .keras file, got one that cannot be read: .*; copy it anew"):
        load_detector(tmp_path / "part.keras")
    with zipfile.ZipFile(tmp_path / "reader.keras", "w") as file:
        file.writestr("reader.json", "{}")
    with pytest.raises(SynthgenError, match=r"reader.keras: need a detector, with the entries detector.json and .*, got reader.json"):
        load_detector(tmp_path / "reader.keras")
    other = Header(DetectorOptions(slim=4), {}).to_notes()
    with pytest.raises(SynthgenError, match=r"need the weights of DetectorOptions\(slim=4\), got others: .*; give a file that"):
        load_detector(rewritten(half, tmp_path / "detector.keras", {DETECTOR.entry: json.dumps(other)}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"options": None, "card": None}, r"x: need a detector with options and card, got none of \['options', 'card'\]"),
        ({"alphabet": "abc"}, "x: need a detector with options and card, got a reader; give a file that"),
        ({"options": "{"}, "x: need options this version knows, got {: Expecting"),
        ({"options": '{"slim": 3}'}, "x: need options this version knows, got .*--slim: need one of 1, 2, 4, 8, got 3"),
        ({"options": '{"depth": 7}'}, "x: need options this version knows, got .*unexpected keyword argument 'depth'"),
        ({"options": "[]"}, "x: need options this version knows, got"),
    ],
)
def test_a_header_of_no_detector_is_refused(changed: dict[str, str | None], message: str) -> None:
    notes = {key: value for key, value in {**NOTES, **changed}.items() if value is not None}
    with pytest.raises(SynthgenError, match=message):
        Header.from_notes(notes, "x")
    assert Header.from_notes(NOTES, "x") == Header(TINY, CARD)


def test_a_detector_starts_from_the_layers_that_both_have() -> None:
    whole, fresh = shaken_detector(), Detector(build_detector(TINY), TINY, {})
    backbone = Detector(keras.Model(whole.model.input, whole.model.get_layer("conv7").output), TINY, {})
    before = fresh.model.get_layer("maps").get_weights()
    assert start_from(fresh, backbone)[-5:] == ["conv_head1", "conv_head2", "conv_head3", "conv_head4", "maps"]
    assert all(np.array_equal(a, b) for a, b in zip(before, fresh.model.get_layer("maps").get_weights(), strict=True))
    assert np.array_equal(fresh.model.get_layer("conv7").get_weights()[0], whole.model.get_layer("conv7").get_weights()[0])
    assert start_from(fresh, whole) == []
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(fresh.model.weights, whole.model.weights, strict=True))


def test_a_detector_starts_from_no_detector_of_another_width() -> None:
    nothing = keras.Model(x := keras.Input((1,)), x)
    ours, theirs = (Detector(nothing, DetectorOptions(slim), {}) for slim in (8, 4))
    with pytest.raises(
        SynthgenError, match="--init: need weights of --slim 8, got weights of --slim 4; train with --slim 4, or start from"
    ):
        start_from(ours, theirs)
