"""An exported reader gives the logits that Keras gives, for any number of pictures, and says what it is."""

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
from onnx import TensorProto, helper

from recognizer.export import export_onnx, export_saved_model
from recognizer.objective import build_trainer
from recognizer.options import ReaderOptions
from recognizer.prepare import as_input
from recognizer.quantize import quantize
from recognizer.scorer import keras_scorer, onnx_scorer
from recognizer.weights import save_reader
from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from tests.recognizer.reader_fixture import CARD, largest_difference, noise, shaken_reader
from training.onnx_graph import IR, OPSET

NEAR = 1e-4  # what float32 may differ by; the logits differ from picture to picture by 0.2 and more
NEAR_HALF = 0.03
LARGEST_BYTES = 16_000_000  # of a file that is shipped
CTC = ReaderOptions(width=32)
KINDS = [
    CTC,
    ReaderOptions(width=32, head="attention"),
    ReaderOptions(width=32, rectify="stn"),
    ReaderOptions(width=32, rectify="stn", head="attention"),
]
FEW_FAST = [  # these have every layer
    pytest.param(kind, marks=() if kind in (KINDS[0], KINDS[3]) else pytest.mark.slow) for kind in KINDS
]
PICTURES = noise(3)


def name_of(options: ReaderOptions) -> str:
    return f"{options.rectify}-{options.head}"


@cache
def logits_of(options: ReaderOptions) -> F32:
    """Return Keras's logits of PICTURES."""
    return np.asarray(shaken_reader(options).model(as_input(PICTURES)), dtype=np.float32)


@pytest.fixture(scope="module")
def float_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float") / "reader.onnx"
    export_onnx(shaken_reader(CTC), path)
    return path


@pytest.mark.parametrize("options", FEW_FAST, ids=name_of)
def test_onnx_runtime_gives_keras_logits_for_one_picture_and_for_three(options: ReaderOptions, tmp_path: Path) -> None:
    reader = shaken_reader(options)
    build_trainer(reader.model, options)  # it calls a layer once more; the reader stays what it is
    export_onnx(reader, tmp_path / "reader.onnx")
    scorer, expected = onnx_scorer(tmp_path / "reader.onnx", 1), logits_of(options)
    assert expected.std(axis=0).mean() > 0.2
    assert largest_difference(scorer(PICTURES), expected) <= NEAR
    assert largest_difference(scorer(PICTURES[:1]), expected[:1]) <= NEAR


@pytest.mark.parametrize("options", FEW_FAST, ids=name_of)
def test_a_half_file_is_small_and_its_logits_are_close(options: ReaderOptions, tmp_path: Path) -> None:
    export_onnx(shaken_reader(options), tmp_path / "reader.onnx", half=True)
    assert (tmp_path / "reader.onnx").stat().st_size <= LARGEST_BYTES
    assert NEAR < largest_difference(onnx_scorer(tmp_path / "reader.onnx", 1)(PICTURES), logits_of(options)) <= NEAR_HALF


@pytest.mark.parametrize("options", [CTC, pytest.param(KINDS[3], marks=pytest.mark.slow)], ids=name_of)
def test_an_int8_file_is_small_and_its_logits_differ_less_than_those_of_other_pictures(options: ReaderOptions, tmp_path: Path) -> None:
    reader, pictures = shaken_reader(options), noise(40)
    export_onnx(reader, tmp_path / "reader.onnx")
    quantize(tmp_path / "reader.onnx", tmp_path / "int8.onnx", pictures)
    assert (tmp_path / "int8.onnx").stat().st_size <= LARGEST_BYTES
    whole, scorer = onnx_scorer(tmp_path / "reader.onnx", 1), onnx_scorer(tmp_path / "int8.onnx", 1)
    assert scorer.header == reader.header
    expected = whole(pictures)
    assert np.abs(scorer(pictures) - expected).mean() <= 0.3 * expected.std(axis=0).mean()
    model = onnx.load(tmp_path / "int8.onnx")
    constants = {x.name for x in model.graph.initializer}
    places = [node.name.split("/")[0] for node in model.graph.node if node.op_type == "Conv" and node.input[1] in constants]
    assert places == ["rectifier"] * (3 if options.rectify == "stn" else 0) + ["conv1"]


def test_int8_takes_a_float32_file_only(float_file: Path, tmp_path: Path) -> None:
    export_onnx(shaken_reader(CTC), tmp_path / "half.onnx", half=True)
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    (tmp_path / "empty.onnx").write_bytes(b"")  # to ONNX a model without any nodes
    for name, message in (
        ("half.onnx", r"half.onnx: need float32 convolutions, got others; export it again as float32"),
        ("empty.onnx", r"empty.onnx: need float32 convolutions, got others"),
        ("text.onnx", r"text.onnx: need an ONNX file, got one that cannot be read: .*; export it again"),
        ("none.onnx", r"none.onnx: need an ONNX file, got one that cannot be read: .*No such file"),
    ):
        with pytest.raises(SynthgenError, match=message):
            quantize(tmp_path / name, tmp_path / "int8.onnx", PICTURES)
    with pytest.raises(ValueError, match="need pictures to calibrate with, got none"):
        quantize(float_file, tmp_path / "int8.onnx", PICTURES[:0])
    assert not (tmp_path / "int8.onnx").exists()


def test_an_onnx_file_says_what_it_is(float_file: Path) -> None:
    model = onnx.load(float_file)
    notes = {note.key: note.value for note in model.metadata_props}
    assert json.loads(notes["options"]) == CTC.to_json() and json.loads(notes["card"]) == CARD
    assert notes["alphabet"] == shaken_reader(CTC).alphabet.characters
    assert (model.ir_version, [(x.domain, x.version) for x in model.opset_import]) == (IR, [("", OPSET)])
    sizes = {x.name: [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] for x in (*model.graph.input, *model.graph.output)}
    assert sizes == {"image": ["b", 32, 32, 1], "logits": ["b", 7, 93]}


def test_an_onnx_scorer_knows_its_reader(float_file: Path) -> None:
    scorer = onnx_scorer(float_file)
    assert (scorer.options, scorer.alphabet, scorer.card, scorer.width) == (CTC, shaken_reader(CTC).alphabet, CARD, 32)


def test_a_picture_has_the_same_logits_in_whatever_batch(float_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.scorer.ONNX_BATCH", 2)
    reader = shaken_reader(CTC)
    for scorer in (keras_scorer(reader, 2), onnx_scorer(float_file, 1)):
        together = scorer(PICTURES)
        assert together.shape == (3, 7, 93) and together.dtype == np.float32
        assert largest_difference(np.concatenate([scorer(PICTURES[n : n + 1]) for n in range(3)]), together) < 1e-5
        assert scorer(PICTURES[:0]).shape == (0, 7, 93)


def test_the_onnx_way_needs_no_keras(float_file: Path) -> None:
    code = f"""
import sys
from functools import cache
from pathlib import Path
import numpy as np
from recognizer.scorer import onnx_scorer
print(onnx_scorer(Path({str(float_file)!r}), 1)(np.zeros((1, 32, 32), np.uint8)).shape)
print({{"keras", "tensorflow", "onnx"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(1, 7, 93)\nset()\n"


def test_files_that_are_no_reader_are_refused_by_name(float_file: Path, tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", [value], [helper.make_tensor_value_info("y", 1, [1])])
    onnx.save(helper.make_model(other, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR), tmp_path / "other.onnx")
    with pytest.raises(SynthgenError, match=r"other.onnx: need a reader with options, alphabet and card, got none of \['options', "):
        onnx_scorer(tmp_path / "other.onnx")
    stored = float_file.read_bytes()
    for n, part in enumerate((b"", b"no model", stored[: len(stored) // 2], stored[:-1])):
        (tmp_path / f"{n}.onnx").write_bytes(part)
        with pytest.raises(SynthgenError, match=rf"{n}.onnx: need an ONNX file, got one that cannot be read"):
            onnx_scorer(tmp_path / f"{n}.onnx")
    with pytest.raises(SynthgenError, match=r"none.onnx: need an ONNX file, got one that cannot be read: .*No such file"):
        onnx_scorer(tmp_path / "none.onnx")


def test_onnx_runtime_is_asked_for_where_it_is_missing(float_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SynthgenError, match=r"reader.onnx: ONNX readers need ONNX Runtime: pip install onnxruntime"):
        onnx_scorer(float_file)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel is made by the TensorFlow backend")
@pytest.mark.parametrize("options", KINDS, ids=name_of)
def test_a_saved_model_serves_keras_logits_and_says_what_it_is(options: ReaderOptions, tmp_path: Path) -> None:
    import tensorflow as tf

    reader = shaken_reader(options)
    export_saved_model(reader, tmp_path / "made" / "reader")
    model = tf.saved_model.load(str(tmp_path / "made" / "reader"))
    assert largest_difference(model.serve(as_input(PICTURES)).numpy(), logits_of(options)) <= NEAR
    assert largest_difference(model.serve(as_input(PICTURES[:1])).numpy(), logits_of(options)[:1]) <= NEAR
    notes = json.loads((tmp_path / "made" / "reader" / "assets.extra" / "reader.json").read_text(encoding="utf-8"))
    assert notes == reader.header.to_notes()
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["reader"]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel is made by the TensorFlow backend")
def test_a_saved_model_goes_to_a_new_folder_and_comes_from_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SynthgenError, match="need a new folder, got one that exists; remove it or give another"):
        export_saved_model(shaken_reader(CTC), tmp_path)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(SynthgenError, match="made by the TensorFlow backend, got jax; set KERAS_BACKEND=tensorflow"):
        export_saved_model(shaken_reader(CTC), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", KINDS, ids=name_of)
def test_jax_exports_the_same_bytes_and_reads_the_same_logits(options: ReaderOptions, tmp_path: Path) -> None:
    reader = shaken_reader(options)
    save_reader(tmp_path / "reader.keras", reader)
    export_onnx(reader, tmp_path / "reader.onnx")
    np.save(tmp_path / "pictures.npy", PICTURES)
    code = """
from pathlib import Path
import numpy as np
from recognizer.export import export_onnx
from recognizer.scorer import keras_scorer
from recognizer.weights import load_reader
reader = load_reader(Path("reader.keras"))
export_onnx(reader, Path("jax.onnx"))
np.save("logits.npy", keras_scorer(reader, 4)(np.load("pictures.npy")))
"""
    surroundings = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(Path(__file__).parents[2])}  # a backend is chosen so
    subprocess.run([sys.executable, "-c", code], env=surroundings, cwd=tmp_path, check=True)
    assert (tmp_path / "jax.onnx").read_bytes() == (tmp_path / "reader.onnx").read_bytes()
    assert largest_difference(np.load(tmp_path / "logits.npy"), logits_of(options)) <= NEAR
