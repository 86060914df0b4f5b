"""The public weights of CRAFT, as its authors' PyTorch code names them, taken into our detector."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import layers

from detector.model import BLOCKS, DECODER, HEAD, build_detector
from detector.options import DetectorOptions
from detector.pth import Array, read_state_dict
from detector.weights import Detector
from synthgen.arrays import F32
from synthgen.errors import SynthgenError

PARALLEL = "module."  # before each name where PyTorch trained on several GPUs
COUNTER = ".num_batches_tracked"  # of PyTorch's batch norm; no weight
SLICES = ((12, "slice1"), (19, "slice2"), (29, "slice3"), (39, "slice4"))  # of VGG16's layers: the first number that is not in it
SHOWN = 3  # names in an error
CONV_PARTS = ("weight", "bias")  # in the order of Keras's own weights, as the next
NORM_PARTS = ("weight", "bias", "running_mean", "running_var")
CURE = "give the authors' craft_mlt_25k.pth, or weights of the same network"


def import_craft(path: Path) -> Detector:
    """Return the paper's network with the weights that the authors' code, or EasyOCR's, keeps in a .pth file; PyTorch is not needed.

    Raises:
        SynthgenError: the file cannot be read, or its tensors are not exactly those of the network.
    """
    tensors = read_state_dict(path)  # before the network is built, which takes seconds
    options = DetectorOptions()
    model = build_detector(options)
    take_craft(model, tensors, str(path))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Detector(model, options, {"weights": "the public weights of CRAFT, Baek et al. 2019", "file": path.name, "sha256": digest})


def take_craft(model: keras.Model, tensors: Mapping[str, Array], place: str) -> None:
    """Copy tensors by the authors' names into a detector, each of them once; `place` names their file in errors.

    Raises:
        SynthgenError: one is missing, unknown, or of another shape or kind than the detector's.
    """
    given = _plain_names(tensors)
    asked = {f"{theirs}.{part}": layer for theirs, layer in _their_layers(model).items() for part in _parts(layer)}
    _check_names(list(asked), list(given), place)
    for theirs, layer in _their_layers(model).items():
        taken = []
        for part, own in zip(_parts(layer), layer.weights, strict=True):
            name, value = f"{theirs}.{part}", _as_keras(given[f"{theirs}.{part}"])
            if value.shape != own.shape or value.dtype.kind != "f":
                got = f"{value.dtype} {value.shape}"
                raise SynthgenError(f"{place}: {name}: need float {tuple(own.shape)} (an axis of channels last), got {got}; {CURE}")
            taken.append(value.astype(np.float32))
        layer.set_weights(taken)


def _plain_names(tensors: Mapping[str, Array]) -> dict[str, Array]:
    prefix = PARALLEL if all(name.startswith(PARALLEL) for name in tensors) else ""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if not name.endswith(COUNTER)}


def _check_names(asked: list[str], given: list[str], place: str) -> None:
    missing, unknown = ([name for name in these if name not in set(those)] for these, those in ((asked, given), (given, asked)))
    if missing or unknown:
        got = f"{_listed(missing)} missing and {_listed(unknown)} that it has not"
        raise SynthgenError(f"{place}: need the {len(asked)} tensors of CRAFT's network, got {got}; {CURE}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "none") + more


def _their_layers(model: keras.Model) -> dict[str, keras.Layer]:
    """Return the layers of a detector that have weights by the names of the authors' modules.

    Source: the authors' craft.py and basenet/vgg16_bn.py; the numbers count the modules of torchvision's VGG16 with batch norm, ReLUs
    and pools among them.
    """
    names: dict[str, str] = {}
    number = 0
    for block, (_, count) in enumerate(BLOCKS, start=1):
        for n in range(1, count + 1):
            piece = next(name for end, name in SLICES if number < end)
            names |= {f"basenet.{piece}.{number}": f"conv{block}_{n}", f"basenet.{piece}.{number + 1}": f"norm{block}_{n}"}
            number += 3  # and a ReLU
        number += 1  # a pool
    names |= {"basenet.slice5.1": "conv6", "basenet.slice5.2": "conv7"}  # slice5.0 is a pool
    for stage in range(1, len(DECODER) + 1):
        for n, at in ((1, 0), (2, 3)):
            names |= {f"upconv{stage}.conv.{at}": f"conv_up{stage}_{n}", f"upconv{stage}.conv.{at + 1}": f"norm_up{stage}_{n}"}
    names |= {f"conv_cls.{2 * n}": f"conv_head{n + 1}" for n in range(len(HEAD))} | {f"conv_cls.{2 * len(HEAD)}": "maps"}
    return {theirs: model.get_layer(ours) for theirs, ours in names.items()}


def _parts(layer: keras.Layer) -> tuple[str, ...]:
    return NORM_PARTS if isinstance(layer, layers.BatchNormalization) else CONV_PARTS


def _as_keras(tensor: Array) -> F32 | Array:
    """Return a tensor with its axes as Keras has them: kernels (out, in, h, w) become (h, w, in, out)."""
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == len("oihw") else tensor
