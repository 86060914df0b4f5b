"""What `recognizer export` does."""

import tempfile
from pathlib import Path

from recognizer.export import export_onnx, export_saved_model
from recognizer.rendered import rendered_words
from recognizer.weights import Reader, load_reader, save_reader
from synthgen.shards.storage import make_folder
from training.forms import check_form, stored_bytes

CALIBRATION_SEED = 2**63 + 2  # nobody trains or is measured on it
CALIBRATED_ON = 1024  # words, if not said


def write(weights: Path, out: Path, form: str, calibrate_on: int | None = None) -> int:
    """Write the reader of a `.keras` file in another form, int8 calibrated on so many rendered words; return the bytes.

    Raises:
        SynthgenError: the file holds no reader, `out` cannot be written in this form, or another form than int8 is to be calibrated.
    """
    check_form(weights, out, form, calibrate_on)
    reader = load_reader(weights)
    make_folder(out.parent)
    if form == "saved-model":
        export_saved_model(reader, out)
    elif form == "int8":
        _write_int8(reader, out, calibrate_on or CALIBRATED_ON)
    elif form == "keras-half":
        save_reader(out, reader, half=True)
    else:
        export_onnx(reader, out, half=form == "onnx-half")
    return stored_bytes(out)


def _write_int8(reader: Reader, out: Path, calibrate_on: int) -> None:
    from recognizer.quantize import quantize  # ONNX Runtime's tools, which no other form needs

    with tempfile.TemporaryDirectory() as folder:
        export_onnx(reader, Path(folder) / "float.onnx")
        quantize(Path(folder) / "float.onnx", out, rendered_words(calibrate_on, CALIBRATION_SEED, reader.options)[0])
