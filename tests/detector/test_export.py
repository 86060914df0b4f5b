"""An exported detector gives the maps that Keras gives, for pictures of any size, and says what it is."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from detector.export import export_onnx, export_saved_model
from detector.forms import write
from detector.opened import open_finder
from detector.options import DetectorOptions
from detector.prepare import as_input
from detector.quantize import QUANTIZED, quantize
from detector.scorer import keras_scorer, onnx_scorer
from detector.thresholds import Thresholds
from detector.weights import load_detector, save_detector
from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from tests.detector.detector_fixture import CARD, TINY, largest_difference, noise, shaken_detector
from training.onnx_graph import IR, OPSET

NEAR = 1e-4  # what float32 may differ by; the maps differ from place to place by 0.3 and more
NEAR_HALF = 1e-2
PICTURES = noise(2)


@cache
def maps_of() -> F32:
    """Return Keras's maps of PICTURES."""
    return np.asarray(shaken_detector().model(as_input(PICTURES)), dtype=np.float32)


@pytest.fixture(scope="module")
def float_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float") / "detector.onnx"
    export_onnx(shaken_detector(), path)
    return path


@pytest.mark.parametrize("size", [(2, 64, 96), (1, 32, 32), (1, 96, 32)])
def test_onnx_runtime_gives_keras_maps_for_any_size(float_file: Path, size: tuple[int, int, int]) -> None:
    pictures = noise(*size)
    expected = np.asarray(shaken_detector().model(as_input(pictures)), dtype=np.float32)
    assert expected.std(axis=(1, 2)).min() > 0.1
    scorer = onnx_scorer(float_file, 1)
    assert largest_difference(scorer.run(as_input(pictures)), expected) <= NEAR  # as a batch
    assert largest_difference(scorer(pictures), expected) <= NEAR


def test_no_norm_is_left_in_onnx(float_file: Path) -> None:
    kinds = [node.op_type for node in onnx.load(float_file).graph.node]
    assert "BatchNormalization" not in kinds and kinds.count("Conv") == 27


def test_a_half_file_is_half_as_large_and_its_maps_are_close(float_file: Path, tmp_path: Path) -> None:
    export_onnx(shaken_detector(), tmp_path / "half.onnx", half=True)
    assert (tmp_path / "half.onnx").stat().st_size < 0.6 * float_file.stat().st_size
    assert NEAR < largest_difference(onnx_scorer(tmp_path / "half.onnx", 1)(PICTURES), maps_of()) <= NEAR_HALF


def test_an_int8_file_is_small_and_its_maps_differ_less_than_those_of_other_pictures(float_file: Path, tmp_path: Path) -> None:
    pictures = noise(6)
    quantize(float_file, tmp_path / "int8.onnx", pictures)
    assert (tmp_path / "int8.onnx").stat().st_size < 0.5 * float_file.stat().st_size
    scorer = onnx_scorer(tmp_path / "int8.onnx", 1)
    assert scorer.header == shaken_detector().header
    expected = onnx_scorer(float_file, 1)(pictures)
    assert np.abs(scorer(pictures) - expected).mean() <= 0.2 * expected.std(axis=0).mean()


def test_in_an_int8_file_only_the_ends_compute_in_float32(float_file: Path, tmp_path: Path) -> None:
    quantize(float_file, tmp_path / "int8.onnx", PICTURES)
    model = onnx.load(tmp_path / "int8.onnx")
    dequantized = {name for node in model.graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    whole = {node.name.split("/")[0] for node in model.graph.node if node.op_type in QUANTIZED.kinds and node.input[0] not in dequantized}
    assert {node.op_type for node in model.graph.node} >= {"Concat", "Resize", "MaxPool"}
    assert whole <= {*QUANTIZED.whole, "relu1_1"}


def test_an_onnx_file_says_what_it_is(float_file: Path) -> None:
    model = onnx.load(float_file)
    notes = {note.key: note.value for note in model.metadata_props}
    assert json.loads(notes["options"]) == TINY.to_json() and json.loads(notes["card"]) == CARD
    assert (model.ir_version, [(x.domain, x.version) for x in model.opset_import]) == (IR, [("", OPSET)])
    sizes = {x.name: [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] for x in (*model.graph.input, *model.graph.output)}
    assert sizes == {"image": ["b", "h", "w", 3], "maps": ["b", "h/2", "w/2", 2]}


def test_the_keras_way_takes_photos_of_one_size_after_another(float_file: Path) -> None:
    score, reference = keras_scorer(shaken_detector()), onnx_scorer(float_file, 1)
    for size in ((1, 32, 64), (1, 64, 32), (2, 32, 32)):
        pictures = noise(*size)
        assert largest_difference(score(pictures), reference(pictures)) <= NEAR or keras.backend.backend() == "jax"  # which fills them up


def test_the_onnx_way_needs_no_keras(float_file: Path) -> None:
    code = f"""
import sys
from pathlib import Path
import numpy as np
from detector.thresholds import Thresholds
from detector.opened import open_finder
finder = open_finder(Path({str(float_file)!r}), Thresholds(), longest=64)
print(finder.scorer(np.zeros((1, 32, 32, 3), np.uint8)).shape, finder.longest)
print({{"keras", "tensorflow", "onnx"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(1, 16, 16, 2) 64\nset()\n"


@pytest.mark.parametrize("name", ["detector.keras", "detector.onnx"])
def test_a_finder_of_either_kind_of_file_gives_a_picture_the_same_maps_in_whatever_batch(float_file: Path, name: str) -> None:
    if name == "detector.keras":
        save_detector(float_file.parent / name, shaken_detector())
    finder = open_finder(float_file.parent / name, Thresholds(0.6, 0.5, 0.3), 320, 1.0)
    assert (finder.thresholds, finder.longest, finder.enlarged) == (Thresholds(0.6, 0.5, 0.3), 320, 1.0)
    pictures = noise(2, 128, 128)  # of this size none are filled up
    together = finder.scorer(pictures)
    assert together.dtype == np.float32
    assert largest_difference(together, np.asarray(shaken_detector().model(as_input(pictures)), dtype=np.float32)) <= NEAR
    assert largest_difference(finder.scorer(pictures[1:]), together[1:]) <= NEAR
    assert finder.scorer(PICTURES[:0]).shape == (0, 32, 48, 2)


def test_a_finder_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none.keras: need a detector, found no file; train one, or leave --weights out"):
        open_finder(tmp_path / "none.keras", Thresholds())


def test_files_that_are_no_detector_are_refused_by_name(float_file: Path, tmp_path: Path) -> None:
    model = onnx.load(float_file)
    onnx.helper.set_model_props(model, {})
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(SynthgenError, match=r"other.onnx: need a detector with options and card, got none of \['options', 'card'\]"):
        onnx_scorer(tmp_path / "other.onnx")
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"text.onnx: need an ONNX file, got one that cannot be read: .*; give a file that `detector"):
        onnx_scorer(tmp_path / "text.onnx")


@pytest.mark.slow
def test_each_form_is_written_from_a_keras_file(tmp_path: Path) -> None:
    save_detector(tmp_path / "detector.keras", shaken_detector())
    for form, name in (("onnx", "x.onnx"), ("onnx-half", "h.onnx"), ("keras-half", "h.keras")):
        out = tmp_path / "made" / name
        assert write(tmp_path / "detector.keras", out, form) == out.stat().st_size
    assert load_detector(tmp_path / "made" / "h.keras").header == shaken_detector().header
    assert onnx_scorer(tmp_path / "made" / "h.onnx", 1).header == shaken_detector().header


def test_a_form_goes_to_a_name_and_a_file_of_its_own(tmp_path: Path) -> None:
    weights = tmp_path / "detector.keras"
    with pytest.raises(SynthgenError, match=r"x.keras: need a name that ends in .onnx for --format int8, got x.keras; give such a one"):
        write(weights, tmp_path / "x.keras", "int8")
    with pytest.raises(SynthgenError, match=r"detector.keras: need another file than --weights, got the same; give another --out"):
        write(weights, weights, "keras-half")


@pytest.mark.slow
def test_int8_is_calibrated_on_rendered_scenes(tmp_path: Path) -> None:
    save_detector(tmp_path / "detector.keras", shaken_detector())
    size_bytes = write(tmp_path / "detector.keras", tmp_path / "int8.onnx", "int8", 4)
    assert size_bytes == (tmp_path / "int8.onnx").stat().st_size
    assert onnx_scorer(tmp_path / "int8.onnx", 1)(PICTURES).shape == (2, 32, 48, 2)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel is made by the TensorFlow backend")
def test_a_saved_model_serves_keras_maps_and_says_what_it_is(tmp_path: Path) -> None:
    import tensorflow as tf

    detector = shaken_detector()
    export_saved_model(detector, tmp_path / "made" / "detector")
    model = tf.saved_model.load(str(tmp_path / "made" / "detector"))
    assert largest_difference(model.serve(as_input(PICTURES)).numpy(), maps_of()) <= NEAR
    other = noise(1, 32, 64)
    assert largest_difference(model.serve(as_input(other)).numpy(), np.asarray(detector.model(as_input(other)))) <= NEAR
    notes = json.loads((tmp_path / "made" / "detector" / "assets.extra" / "detector.json").read_text(encoding="utf-8"))
    assert notes == detector.header.to_notes()


@pytest.mark.slow
def test_the_paper_s_network_gives_keras_maps_in_onnx(tmp_path: Path) -> None:
    detector = shaken_detector(DetectorOptions())
    export_onnx(detector, tmp_path / "detector.onnx")
    for pictures in (noise(1, 96, 160), noise(2, 64, 32)):
        expected = np.asarray(detector.model(as_input(pictures)), dtype=np.float32)
        assert largest_difference(onnx_scorer(tmp_path / "detector.onnx", 1)(pictures), expected) <= NEAR


@pytest.mark.slow
def test_jax_exports_the_same_bytes_and_sees_the_same_maps(float_file: Path, tmp_path: Path) -> None:
    save_detector(tmp_path / "detector.keras", shaken_detector())
    pictures = noise(1, 128, 128)
    np.save(tmp_path / "pictures.npy", pictures)
    code = """
from pathlib import Path
import numpy as np
from detector.export import export_onnx
from detector.scorer import keras_scorer
from detector.weights import load_detector
detector = load_detector(Path("detector.keras"))
export_onnx(detector, Path("jax.onnx"))
score = keras_scorer(detector)
np.save("maps.npy", score(np.load("pictures.npy")))
print(score(np.zeros((1, 32, 96, 3), np.uint8)).shape)
"""
    surroundings = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(Path(__file__).parents[2])}  # a backend is chosen so
    done = subprocess.run([sys.executable, "-c", code], env=surroundings, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "(1, 16, 48, 2)\n"
    assert (tmp_path / "jax.onnx").read_bytes() == float_file.read_bytes()
    assert largest_difference(np.load(tmp_path / "maps.npy"), onnx_scorer(float_file, 1)(pictures)) <= NEAR
