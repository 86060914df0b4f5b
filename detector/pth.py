"""The tensors of a PyTorch file of weights (.pth), read without PyTorch, and without running what a file asks Python to run."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple, Never

import numpy as np
from numpy.typing import NDArray

from synthgen.errors import SynthgenError

Array = NDArray[np.generic]
ZIP = b"PK\x03\x04"
LEGACY = bytes.fromhex("6cfc9c46f9206aa85019")  # PyTorch's magic number, pickled first in its files before 1.6
HEAD_BYTES = 32  # within which both are found
CODES = {  # of NumPy, for PyTorch's storages
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}
DAMAGE = (  # what reading bad bytes raises
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
)
ALONE = "give a file of weights alone, as torch.save(model.state_dict(), PATH) writes it"


class Storage(NamedTuple):
    """A run of numbers that tensors are views of."""

    key: str
    code: str  # NumPy's, of one number
    length: int


class Tensor(NamedTuple):
    """A view of a storage; all figures count numbers, not bytes."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_state_dict(path: Path) -> dict[str, Array]:
    """Return the tensors of a state dict by their names, as views that cannot be written to.

    Both of PyTorch's formats are read: the zip archive, and what came before version 1.6.

    Raises:
        SynthgenError: the file cannot be read, is damaged, is none of PyTorch's, or holds anything but named tensors.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not head.startswith(ZIP) and LEGACY not in head:
            raise SynthgenError(f"{path}: need a file that torch.save wrote, got one that begins with {head[:8]!r}; {ALONE}")
        tensors, storages = (_zipped if head.startswith(ZIP) else _legacy)(path.read_bytes(), str(path))
        return {name: _view(name, tensor, storages) for name, tensor in tensors.items()}
    except DAMAGE as error:
        what = f"{type(error).__name__}: {error}"
        raise SynthgenError(f"{path}: need a whole file of weights, got one that cannot be read: {what}; copy it anew") from error


class _Unpickler(pickle._Unpickler):
    """Reads tensors, as records of where their numbers lie, and their names; refuses all else.

    Python's own rather than the compiled one, which makes room for any number that a damaged file gives as a place in its memo.
    """

    stack: list[object]
    dispatch: ClassVar[dict[int, Callable[[pickle.Unpickler], None]]] = pickle._Unpickler.dispatch.copy()

    def __init__(self, file: io.BytesIO, place: str) -> None:
        super().__init__(file)
        self.place = place
        self.storages: dict[str, Storage] = {}

    def load_tensors(self) -> dict[str, Tensor]:
        """Return what comes next in the file, if it is tensors by their names."""
        tree = self.load()
        found: dict[str, Tensor] = {}
        for name, tensor in tree.items() if isinstance(tree, dict) else [(None, tree)]:
            if not isinstance(name, str) or not isinstance(tensor, Tensor):
                got = f"an object of {type(tensor).__name__} named {name!r}"
                raise SynthgenError(f"{self.place}: need tensors by their names, got {got}; {ALONE}")
            found[name] = tensor
        return found

    def find_class(self, module: str, name: str) -> type | Callable[..., Tensor] | str:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in CODES:
            return CODES[name]
        raise SynthgenError(f"{self.place}: need tensors of {', '.join(CODES)}, got a file that asks for {module}.{name}; {ALONE}")

    def persistent_load(self, pid: tuple[str, str, str, str, int, *tuple[object, ...]]) -> Storage:
        kind, code, key, _device, count, *view = pid
        if kind != "storage" or code not in CODES.values() or any(x is not None for x in view):
            raise ValueError(f"unknown storage {pid}")
        return self.storages.setdefault(key, Storage(key, code, count))

    def load_build(self) -> None:
        """Drop the attributes of an object: of a state dict they are versions of layers, on anything else they would be an attack."""
        self.stack.pop()

    dispatch[pickle.BUILD[0]] = load_build  # type: ignore[assignment]


def _rebuilt(storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_autograd: object) -> Tensor:
    return Tensor(storage, offset, size, stride)


def _zipped(data: bytes, place: str) -> tuple[dict[str, Tensor], dict[str, Array]]:
    """Return the tensors of a zip archive, and its storages by their keys."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = file.namelist()
        table = next((name for name in names if name.endswith("/data.pkl")), None)
        if table is None:
            raise SynthgenError(f"{place}: need a zip archive that torch.save wrote, with an entry data.pkl, got {names[:5]}; {ALONE}")
        root = table.removesuffix("data.pkl")
        if f"{root}byteorder" in names and _entry(file, f"{root}byteorder") != b"little":
            _refuse_byte_order(place)
        unpickler = _Unpickler(io.BytesIO(_entry(file, table)), place)
        tensors = unpickler.load_tensors()
        return tensors, {key: _numbers(storage, _entry(file, f"{root}data/{key}")) for key, storage in unpickler.storages.items()}


def _entry(file: zipfile.ZipFile, name: str) -> bytes:
    if file.getinfo(name).compress_type != zipfile.ZIP_STORED:  # PyTorch never does; what is stored cannot swell beyond its file
        raise ValueError(f"{name} is compressed")
    return file.read(name)


def _legacy(data: bytes, place: str) -> tuple[dict[str, Tensor], dict[str, Array]]:
    """Return the tensors of a file before PyTorch 1.6, and its storages by their keys.

    It is a row of pickles: magic number, version, the writer's machine, the state dict, the keys of the storages; then a storage after
    the other, each its count as int64 and its numbers.
    """
    file = io.BytesIO(data)
    _magic, _version, machine = (_Unpickler(file, place).load() for _ in range(3))
    if not machine["little_endian"]:
        _refuse_byte_order(place)
    unpickler = _Unpickler(file, place)
    tensors = unpickler.load_tensors()
    storages = {}
    for key in _Unpickler(file, place).load():
        storage = unpickler.storages[key]
        if (count := struct.unpack("<q", file.read(8))[0]) != storage.length:
            raise ValueError(f"storage {key} has {count} numbers where {storage.length} were announced")
        storages[key] = _numbers(storage, file.read(storage.length * np.dtype(storage.code).itemsize))
    return tensors, storages


def _refuse_byte_order(place: str) -> Never:
    raise SynthgenError(f"{place}: need numbers with their lowest byte first, got a file of a big-endian machine; save it anew on another")


def _numbers(storage: Storage, data: bytes) -> Array:
    numbers: Array = np.frombuffer(data, dtype=storage.code)
    if len(numbers) != storage.length:
        raise ValueError(f"storage {storage.key} has {len(numbers)} numbers where {storage.length} were announced")
    return numbers


def _view(name: str, tensor: Tensor, storages: Mapping[str, Array]) -> Array:
    """Return a tensor as NumPy sees it; a view, as a file may name a shape of any size with strides of 0."""
    numbers = storages[tensor.storage.key][tensor.offset :]
    last = sum((n - 1) * step for n, step in zip(tensor.size, tensor.stride, strict=True))
    if min((tensor.offset, *tensor.size, *tensor.stride)) < 0 or (0 not in tensor.size and last >= len(numbers)):
        raise ValueError(f"{name} lies outside of its storage of {tensor.storage.length} numbers: {tensor[1:]}")
    strides = [step * numbers.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(numbers, tensor.size, strides, writeable=False)
