"""Files of weights as PyTorch writes them, put together opcode by opcode, so that PyTorch is not needed."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
VERSION = b"\x80\x02M\xe9\x03."
KINDS = {  # storages by NumPy's names
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
METADATA = b"}(X\x09\x00\x00\x00_metadata}ub"  # an attribute of every state dict


@dataclass(frozen=True)
class Laid:
    """A tensor and the storage it is a view of."""

    numbers: NDArray[np.generic]  # of the storage
    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int = 0
    key: str = "0"
    announced: int | None = None  # numbers, where not as many as there are


@dataclass(frozen=True)
class Torch:
    """What is in a file, and whether it is of the format before PyTorch 1.6."""

    tensors: Mapping[str, Laid]
    legacy: bool
    little_endian: bool = True
    tree: bytes | None = None  # a pickle in place of the tensors' one
    more: Mapping[str, bytes] = field(default_factory=dict)  # entries of a zip archive

    def to_bytes(self) -> bytes:
        tree = self.tree or b"\x80\x02" + state_dict(self.tensors, legacy=self.legacy) + METADATA + b"."
        numbers = {laid.key: laid.numbers for laid in self.tensors.values()}
        return self._legacy(tree, numbers) if self.legacy else self._zipped(tree, numbers)

    def _legacy(self, tree: bytes, numbers: Mapping[str, NDArray[np.generic]]) -> bytes:
        machine = b"\x80\x02}" + text("little_endian") + (b"\x88" if self.little_endian else b"\x89") + b"s."
        keys = b"\x80\x02](" + b"".join(map(text, numbers)) + b"e."
        runs = [struct.pack("<q", run.size) + run.tobytes() for run in numbers.values()]
        return b"".join([MAGIC, VERSION, machine, tree, keys, *runs])

    def _zipped(self, tree: bytes, numbers: Mapping[str, NDArray[np.generic]]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("archive/data.pkl", tree)
            file.writestr("archive/byteorder", "little" if self.little_endian else "big")
            for key, run in numbers.items():
                file.writestr(f"archive/data/{key}", run.tobytes())
            for name, content in self.more.items():
                file.writestr(name, content)
        return out.getvalue()


def laid(array: NDArray[np.generic], key: str) -> Laid:
    """Return an array as the only view of a storage."""
    steps = tuple(step // array.itemsize for step in np.ascontiguousarray(array).strides) if array.ndim else ()
    return Laid(array.ravel(), array.shape, steps, key=key)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def whole(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def state_dict(tensors: Mapping[str, Laid], *, legacy: bool) -> bytes:
    """Return the opcodes that leave a state dict on the stack."""
    items = [text(name) + tensor(view, legacy=legacy) for name, view in tensors.items()]
    return named("collections", "OrderedDict") + b")R(" + b"".join(items) + b"u"


def tensor(view: Laid, *, legacy: bool) -> bytes:
    count = view.numbers.size if view.announced is None else view.announced
    storage = text("storage") + named("torch", KINDS[view.numbers.dtype.name]) + text(view.key) + text("cpu") + whole(count)
    figures = whole(view.offset) + _tuple(view.size) + _tuple(view.stride)
    hooks = b"\x89" + named("collections", "OrderedDict") + b")R"
    return named("torch._utils", "_rebuild_tensor_v2") + b"((" + storage + (b"N" if legacy else b"") + b"tQ" + figures + hooks + b"tR"


def _tuple(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(whole, values)) + b"t"
