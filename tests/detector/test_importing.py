"""The authors' names for weights: each tensor comes to the one layer it is of, and a file that is not of the network is refused."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from detector.importing import import_craft, take_craft
from detector.model import build_detector
from detector.options import DetectorOptions
from detector.pth import Array
from synthgen.errors import SynthgenError
from tests.detector.torch_files import Torch, laid

SLICES = (((1, 0), (1, 3)), ((1, 7), (1, 10)), ((2, 14), (2, 17), (3, 20)), ((3, 24), (3, 27), (4, 30)), ((4, 34), (4, 37)))
CONVOLUTIONS = {  # ours by the authors' names, read off the public file
    **{
        f"basenet.slice{piece}.{number}": f"conv{block}_{n}"
        for block, places in enumerate(SLICES, start=1)
        for n, (piece, number) in enumerate(places, start=1)
    },
    "basenet.slice5.1": "conv6",
    "basenet.slice5.2": "conv7",
    **{f"upconv{stage}.conv.{number}": f"conv_up{stage}_{n}" for stage in (1, 2, 3, 4) for number, n in ((0, 1), (3, 2))},
    **{f"conv_cls.{2 * n - 2}": f"conv_head{n}" for n in (1, 2, 3, 4)},
    "conv_cls.8": "maps",
}
NORMS = {  # each follows its convolution
    f"{name.rpartition('.')[0]}.{int(name.rpartition('.')[2]) + 1}": ours.replace("conv", "norm")
    for name, ours in CONVOLUTIONS.items()
    if "_" in ours and "head" not in ours
}
Tensors = dict[str, Array]


def theirs_of(model: keras.Model, prefix: str = "") -> Tensors:
    """Return numbers for all weights of a detector, no two alike, under the authors' names."""
    rng = np.random.default_rng(3)
    found: Tensors = {}
    for name, ours in CONVOLUTIONS.items():
        rows, across, ins, outs = model.get_layer(ours).kernel.shape
        found[f"{prefix}{name}.weight"] = rng.random((outs, ins, rows, across)).astype(np.float32)
        found[f"{prefix}{name}.bias"] = rng.random(outs).astype(np.float32)
    for name, ours in NORMS.items():
        channels = model.get_layer(ours).gamma.shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{prefix}{name}.{part}"] = rng.random(channels).astype(np.float32)
        found[f"{prefix}{name}.num_batches_tracked"] = np.array(7)
    return found


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_detector(DetectorOptions(slim=8))


@pytest.mark.parametrize("prefix", ["", "module."])
def test_every_weight_of_the_detector_is_the_tensor_of_its_name(model: keras.Model, prefix: str) -> None:
    given = theirs_of(model, prefix)
    take_craft(model, given, "a.pth")
    for name, ours in CONVOLUTIONS.items():
        kernel, bias = model.get_layer(ours).get_weights()
        weight = given[f"{prefix}{name}.weight"]
        assert all(np.array_equal(kernel[i, j], weight[:, :, i, j].T) for i in range(weight.shape[2]) for j in range(weight.shape[3]))
        assert np.array_equal(bias, given[f"{prefix}{name}.bias"])
    for name, ours in NORMS.items():
        layer = model.get_layer(ours)
        for part, own in (("weight", "gamma"), ("bias", "beta"), ("running_mean", "moving_mean"), ("running_var", "moving_variance")):
            assert np.array_equal(getattr(layer, own).numpy(), given[f"{prefix}{name}.{part}"])
    assert 2 * len(CONVOLUTIONS) + 4 * len(NORMS) == len(model.weights)


def test_half_precision_is_taken_as_float32(model: keras.Model) -> None:
    given = theirs_of(model)
    take_craft(model, {name: value.astype(np.float16) for name, value in given.items()}, "a.pth")
    assert np.array_equal(model.get_layer("maps").get_weights()[1], given["conv_cls.8.bias"].astype(np.float16))


def dropped(given: Tensors) -> Tensors:
    return {name: value for name, value in given.items() if not name.startswith("upconv4")}


def renamed(given: Tensors) -> Tensors:
    return {name.replace("conv_cls.8", "conv_cls.9"): value for name, value in given.items()}


def halfway(given: Tensors) -> Tensors:
    return given | {"module.conv_cls.8.bias": given["conv_cls.8.bias"]}


def turned(given: Tensors) -> Tensors:
    return given | {"upconv1.conv.0.weight": given["upconv1.conv.0.weight"].transpose(1, 0, 2, 3)}


def flat(given: Tensors) -> Tensors:
    return given | {"conv_cls.0.weight": given["conv_cls.0.weight"][..., 0]}


def whole(given: Tensors) -> Tensors:
    return given | {"conv_cls.0.bias": given["conv_cls.0.bias"].astype(np.int64)}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (dropped, r"need the 134 tensors of CRAFT's network, got upconv4.conv.0.weight, .* and 9 more missing and none that it has not"),
        (renamed, r".*got conv_cls.8.weight, conv_cls.8.bias missing and conv_cls.9.weight, conv_cls.9.bias that it has not"),
        (halfway, r".*got none missing and module.conv_cls.8.bias that it has not"),
        (turned, r"upconv1.conv.0.weight: need float \(1, 1, 192, 64\) .*, got float32 \(1, 1, 64, 192\)"),
        (flat, r"conv_cls.0.weight: need float \(3, 3, 4, 8\) .*, got float32 \(8, 4, 3\)"),
        (whole, r"conv_cls.0.bias: need float \(8,\) .*, got int64 \(8,\)"),
    ],
)
def test_tensors_of_another_network_are_refused(model: keras.Model, change: Callable[[Tensors], Tensors], fault: str) -> None:
    with pytest.raises(SynthgenError, match=rf"a\.pth: {fault}; give the authors' craft_mlt_25k\.pth"):
        take_craft(model, change(theirs_of(model)), "a.pth")


def test_a_damaged_file_is_refused_before_a_network_is_built(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(Torch({"fc.bias": laid(np.zeros(3, dtype=np.float32), "0")}, legacy=True).to_bytes()[:-4])
    with pytest.raises(SynthgenError, match=r"a\.pth: need a whole file of weights"):
        import_craft(path)
