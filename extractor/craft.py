"""The public weights of CRAFT as ONNX: turned into it once, and kept."""

import logging
from importlib.util import find_spec
from pathlib import Path

from synthgen.assets.cache import default_folder, file_digest
from synthgen.errors import SynthgenError
from synthgen.shards.storage import make_folder

CALIBRATE_ON = 6  # rendered scenes that set the ranges of int8. Source: benchmarks/RESULTS.md, where more were not needed
NEEDS = "pip install 'synthgen[train]'"

log = logging.getLogger(__name__)


def craft_onnx(path: Path, folder: Path | None = None) -> Path:
    """Return the int8 ONNX file of a .pth file of CRAFT's weights, made in `folder`, None: the user's cache, by whoever comes first.

    Only making it needs Keras.

    Raises:
        SynthgenError: the file holds no such weights, Keras is not installed, or the folder cannot be written.
    """
    folder = folder or default_folder() / "detectors"
    kept = folder / f"{path.stem}-{file_digest(path)[:16]}-int8.onnx"
    if not kept.is_file():
        log.info("%s: made ready for ONNX Runtime, a minute or two, once; kept at %s", path, kept)
        _check_installed(path)
        make_folder(folder)
        _convert(path, kept)
    return kept


def _check_installed(path: Path) -> None:
    missing = [name for name in ("keras", "onnx") if find_spec(name) is None]
    if missing:
        need = "weights of PyTorch are turned into ONNX once, which needs Keras and onnx"
        raise SynthgenError(f"{path}: {need}, found no {missing[0]}; {NEEDS}, or give the .onnx that was made of it elsewhere")


def _convert(path: Path, kept: Path) -> None:
    from training.startup import start_keras

    start_keras()
    from detector.forms import write_int8
    from detector.importing import import_craft

    write_int8(import_craft(path), kept, CALIBRATE_ON)
