"""The forms that a model is exported in."""

from pathlib import Path

from synthgen.errors import SynthgenError

ENDINGS = {"onnx": ".onnx", "onnx-half": ".onnx", "int8": ".onnx", "keras-half": ".keras"}  # a saved-model is a folder


def check_form(weights: Path, out: Path, form: str, calibrate_on: int | None) -> None:
    """Check that `out` is a name for the model of `weights` in another form, and that only int8 is to be calibrated.

    Raises:
        SynthgenError: it is not.
    """
    ending = ENDINGS.get(form, "")
    if ending and out.suffix != ending:
        raise SynthgenError(f"{out}: need a name that ends in {ending} for --format {form}, got {out.name}; give such a one")
    if out.resolve() == weights.resolve():
        raise SynthgenError(f"{out}: need another file than --weights, got the same; give another --out")
    if calibrate_on is not None and form != "int8":
        raise SynthgenError(f"--calibrate-on {calibrate_on}: need --format int8, whose ranges it sets, got {form}; leave one of them out")


def stored_bytes(out: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    return sum(path.stat().st_size for path in (out, *out.rglob("*")) if path.is_file())
