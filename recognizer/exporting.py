"""What `recognizer export` does."""

import tempfile
from pathlib import Path

from recognizer.export import export_onnx, export_saved_model
from recognizer.rendered import rendered_words
from recognizer.weights import load_reader, save_reader
from synthgen import SynthgenError
from synthgen.shards.storage import make_folder

ENDINGS = {"onnx": ".onnx", "onnx-half": ".onnx", "int8": ".onnx", "keras-half": ".keras"}
CALIBRATION_SEED = 2**63 + 2  # nobody trains or is measured on it


def write(weights: Path, out: Path, form: str, calibrate_on: int) -> int:
    """Write the reader of a `.keras` file in another form; return the bytes.

    Raises:
        SynthgenError: the file holds no reader, or `out` cannot be written in this form.
    """
    ending = ENDINGS.get(form, "")
    if ending and out.suffix != ending:
        raise SynthgenError(f"{out}: need a name that ends in {ending} for --format {form}, got {out.name}; give such a one")
    if out.resolve() == weights.resolve():
        raise SynthgenError(f"{out}: need another file than --weights, got the same; give another --out")
    reader = load_reader(weights)
    make_folder(out.parent)
    if form == "saved-model":
        export_saved_model(reader, out)
        return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if form == "int8":
        from recognizer.quantize import quantize

        with tempfile.TemporaryDirectory() as folder:
            export_onnx(reader, Path(folder) / "float.onnx")
            quantize(Path(folder) / "float.onnx", out, rendered_words(calibrate_on, CALIBRATION_SEED, reader.options)[0])
    elif form == "keras-half":
        save_reader(out, reader, half=True)
    else:
        export_onnx(reader, out, half=form == "onnx-half")
    return out.stat().st_size
