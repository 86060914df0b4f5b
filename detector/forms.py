"""What `detector export` does."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from detector.export import export_onnx, export_saved_model
from detector.prepare import fitted
from detector.weights import Detector, load_detector, save_detector
from synthgen import Recipe, SceneRenderer
from synthgen.arrays import U8
from synthgen.shards.storage import make_folder
from training.forms import check_form, stored_bytes

CALIBRATE_ON = 24  # scenes; what others would change is less than what int8 does
CALIBRATION_SEED = 2**63 + 2  # nobody trains or is measured on it


def write(weights: Path, out: Path, form: str, calibrate_on: int | None = None) -> int:
    """Write the detector of a `.keras` file in another form; return the bytes. `calibrate_on`: scenes that set the ranges of int8.

    Raises:
        SynthgenError: the file holds no detector, `out` cannot be written in this form, or another form than int8 is to be calibrated.
    """
    check_form(weights, out, form, calibrate_on)
    detector = load_detector(weights)
    make_folder(out.parent)
    if form == "saved-model":
        export_saved_model(detector, out)
    elif form == "int8":
        write_int8(detector, out, calibrate_on or CALIBRATE_ON)
    elif form == "keras-half":
        save_detector(out, detector, half=True)
    else:
        export_onnx(detector, out, half=form == "onnx-half")
    return stored_bytes(out)


def write_int8(detector: Detector, out: Path, calibrate_on: int) -> None:
    """Put a detector at `out` as ONNX in int8, its ranges set by `calibrate_on` rendered scenes.

    Raises:
        SynthgenError: the file cannot be written.
    """
    from detector.quantize import quantize  # ONNX Runtime's tools, which no other form needs

    with tempfile.TemporaryDirectory() as folder:
        export_onnx(detector, Path(folder) / "float.onnx")
        quantize(Path(folder) / "float.onnx", out, rendered_scenes(calibrate_on, CALIBRATION_SEED))


def rendered_scenes(count: int, seed: int) -> Iterator[U8]:
    """Yield the first `count` scenes of the built-in recipe, (640, 640, 3)."""
    renderer = SceneRenderer(Recipe(), seed=seed)
    for index in range(count):
        yield fitted(renderer.scene(index).picture, enlarged=1.0).picture  # a copy: the canvas is used again
