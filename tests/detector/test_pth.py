"""PyTorch's files of weights: what they hold comes out number by number, and nothing that they ask for is ever run."""

import importlib.util
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.pth import read_state_dict
from synthgen.errors import SynthgenError
from tests.detector.torch_files import KINDS, Laid, Torch, laid, named, state_dict, text

NEEDED = "need PyTorch for this test: pip install -e '.[dev,slow]'"
NUMBERS = np.arange(24, dtype=np.float32)
TENSORS = {
    "a.weight": laid(NUMBERS.reshape(2, 3, 4), "0"),
    "a.bias": laid(np.array([0.5, -2], dtype=np.float16), "1"),
    "a.count": laid(np.array(7, dtype=np.int64), "2"),
    "a.none": laid(np.zeros((0, 3), dtype=np.float32), "3"),
}
FORMATS = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
WRITES = """
import sys, numpy as np, torch
whole = torch.arange(60, dtype=torch.float64).reshape(3, 4, 5)
tensors = {"t": whole.transpose(0, 2), "part": whole[1:, ::2], "half": whole[0].half(), "long": torch.tensor(3)}
tensors["wide"] = whole[0, 0].expand(2, 5)
for number, zipped in enumerate((True, False)):
    torch.save(torch.nn.Linear(2, 3).state_dict() | tensors, f"{sys.argv[1]}/{number}.pth", _use_new_zipfile_serialization=zipped)
np.savez(f"{sys.argv[1]}/truth.npz", **{name: value.numpy() for name, value in tensors.items()})
"""


class Attack:
    """Runs a command where a pickle is trusted."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (str(self.mark),)


def written(path: Path, torch: Torch) -> Path:
    path.write_bytes(torch.to_bytes())
    return path


@FORMATS
def test_tensors_come_out_as_they_were_put_in(tmp_path: Path, *, legacy: bool) -> None:
    found = read_state_dict(written(tmp_path / "a.pth", Torch(TENSORS, legacy)))
    assert list(found) == list(TENSORS)
    for name, value in found.items():
        assert value.dtype == TENSORS[name].numbers.dtype and value.shape == TENSORS[name].size
        assert np.array_equal(value.ravel(), TENSORS[name].numbers)


@FORMATS
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_number_is_read(tmp_path: Path, kind: str, *, legacy: bool) -> None:
    numbers = np.array([0, 1, 1, 0, 1]).astype(kind)
    found = read_state_dict(written(tmp_path / "a.pth", Torch({"x": laid(numbers, "0")}, legacy)))["x"]
    assert found.dtype == kind and np.array_equal(found, numbers)


@FORMATS
def test_views_of_one_storage_are_read_by_their_offsets_and_strides(tmp_path: Path, *, legacy: bool) -> None:
    views = {
        "turned": Laid(NUMBERS, (4, 3), (1, 4)),
        "part": Laid(NUMBERS, (2, 2), (12, 2), 5),
        "last": Laid(NUMBERS, (), (), 23),
        "repeated": Laid(NUMBERS, (3, 2), (0, 1), 22),
    }
    found = read_state_dict(written(tmp_path / "a.pth", Torch(views, legacy)))
    assert np.array_equal(found["turned"], NUMBERS[:12].reshape(3, 4).T)
    assert np.array_equal(found["part"], [[5, 7], [17, 19]])
    assert found["last"] == 23
    assert np.array_equal(found["repeated"], [[22, 23]] * 3)


def test_a_shape_of_any_size_takes_no_memory_and_cannot_be_written_to(tmp_path: Path) -> None:
    huge = Laid(NUMBERS, (1 << 40,), (0,))
    found = read_state_dict(written(tmp_path / "a.pth", Torch({"x": huge}, legacy=True)))["x"]
    assert found.shape == (1 << 40,) and not found.flags.writeable


@FORMATS
def test_a_plain_dictionary_is_read_too(tmp_path: Path, *, legacy: bool) -> None:
    tree = b"\x80\x02" + state_dict(TENSORS, legacy=legacy).replace(named("collections", "OrderedDict") + b")R(", b"}(", 1) + b"."
    assert list(read_state_dict(written(tmp_path / "a.pth", Torch(TENSORS, legacy, tree=tree)))) == list(TENSORS)


@FORMATS
def test_a_file_that_asks_to_run_something_is_refused_and_runs_nothing(tmp_path: Path, *, legacy: bool) -> None:
    mark = tmp_path / "ran"
    tree = pickle.dumps({"x": Attack(mark)}, protocol=2)
    path = written(tmp_path / "a.pth", Torch(TENSORS, legacy, tree=tree))
    with pytest.raises(SynthgenError, match=r"a\.pth: need tensors of DoubleStorage.*asks for \S+\.getattr"):
        read_state_dict(path)
    assert not mark.exists()


@pytest.mark.parametrize(("module", "name"), [("builtins", "eval"), ("os", "system"), ("torch", "load"), ("torch", "BFloat16Storage")])
def test_no_name_but_those_of_tensors_is_looked_up(tmp_path: Path, module: str, name: str) -> None:
    tree = b"\x80\x02" + named(module, name) + text("1") + b"\x85R."
    with pytest.raises(SynthgenError, match=rf"asks for \w+\.{name}; give a file of weights alone"):
        read_state_dict(written(tmp_path / "a.pth", Torch(TENSORS, legacy=True, tree=tree)))


def test_attributes_that_a_file_sets_are_dropped(tmp_path: Path) -> None:
    taint = b"\x80\x02" + named("torch._utils", "_rebuild_tensor_v2") + b"}" + text("__defaults__") + b"Ns" + b"}\x86b0"
    tree = taint + state_dict(TENSORS, legacy=True) + b"}" + text("items") + b"Nsb."  # would hide the method of a dict
    assert list(read_state_dict(written(tmp_path / "a.pth", Torch(TENSORS, legacy=True, tree=tree)))) == list(TENSORS)


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        (b"\x80\x02K\x07.", "int named None"),
        (b"\x80\x02}" + text("epoch") + b"K\x07s.", "int named 'epoch'"),
        (b"\x80\x02}" + text("craft") + b"}s.", "dict named 'craft'"),
        (b"\x80\x02}K\x07" + state_dict(TENSORS, legacy=True) + b"s.", "OrderedDict named 7"),
    ],
)
def test_what_is_not_tensors_by_their_names_is_refused(tmp_path: Path, tree: bytes, found: str) -> None:
    with pytest.raises(SynthgenError, match=rf"need tensors by their names, got an object of {found}; give a file of weights alone"):
        read_state_dict(written(tmp_path / "a.pth", Torch(TENSORS, legacy=True, tree=tree)))


@FORMATS
def test_a_file_of_a_big_endian_machine_is_refused(tmp_path: Path, *, legacy: bool) -> None:
    path = written(tmp_path / "a.pth", Torch(TENSORS, legacy, little_endian=False))
    with pytest.raises(SynthgenError, match="need numbers with their lowest byte first, got a file of a big-endian machine; save it anew"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(100), pickle.dumps({"x": 1})])
def test_a_file_of_another_program_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(SynthgenError, match=r"a\.pth: need a file that torch.save wrote, got one that begins with b.*; give a file"):
        read_state_dict(path)


def test_another_zip_archive_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pth", Torch({}, legacy=False))
    path.write_bytes(path.read_bytes().replace(b"data.pkl", b"data.txt"))
    with pytest.raises(SynthgenError, match=r"need a zip archive that torch.save wrote, with an entry data.pkl, got \['archive/data.txt'"):
        read_state_dict(path)


def test_a_compressed_entry_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", bytes(1 << 20))
    with pytest.raises(SynthgenError, match=r"cannot be read: ValueError: archive/data\.pkl is compressed; copy it anew"):
        read_state_dict(tmp_path / "a.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"a\.pth: need a whole file of weights, got one that cannot be read: FileNotFoundError"):
        read_state_dict(tmp_path / "a.pth")


@FORMATS
def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path: Path, *, legacy: bool) -> None:
    whole = Torch(TENSORS, legacy).to_bytes()
    path = tmp_path / "a.pth"
    last = len(whole) - (8 if legacy else 0)  # in the format before 1.6, the last storage is of no numbers
    for size in range(0, last, 41):
        path.write_bytes(whole[:size])
        with pytest.raises(SynthgenError, match=r"a\.pth: need"):
            read_state_dict(path)


@FORMATS
@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (Laid(NUMBERS, (25,), (1,)), "x lies outside of its storage of 24 numbers"),
        (Laid(NUMBERS, (2, 2), (23, 1)), "x lies outside"),
        (Laid(NUMBERS, (2,), (1,), 23), "x lies outside"),
        (Laid(NUMBERS, (2,), (-1,), 5), "x lies outside"),
        (Laid(NUMBERS, (2,), (1,), -2), "x lies outside"),
        (Laid(NUMBERS, (-2,), (1,)), "x lies outside"),
        (Laid(NUMBERS, (2, 2), (1,)), "ValueError: zip"),
        (Laid(NUMBERS, (2,), (1,), announced=25), "has 24 numbers where 25 were announced"),
    ],
)
def test_a_tensor_that_its_storage_cannot_hold_is_refused(tmp_path: Path, view: Laid, fault: str, *, legacy: bool) -> None:
    path = written(tmp_path / "a.pth", Torch({"x": view}, legacy))
    with pytest.raises(SynthgenError, match=f"need a whole file of weights, got one that cannot be read: .*{fault}.*; copy it anew"):
        read_state_dict(path)


@pytest.mark.parametrize("old", [b"\x07\x00\x00\x00storage", b"\x03\x00\x00\x00cpu"])
def test_a_storage_of_an_unknown_form_is_refused(tmp_path: Path, old: bytes) -> None:
    content = Torch(TENSORS, legacy=True).to_bytes()
    new = old.replace(b"storage", b"Storage") if b"storage" in old else old + text("more")
    path = tmp_path / "a.pth"
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(SynthgenError, match="unknown storage"):
        read_state_dict(path)


@FORMATS
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_any_changed_byte_gives_tensors_or_the_one_error(
    tmp_path_factory: pytest.TempPathFactory, place: float, value: int, *, legacy: bool
) -> None:
    content = bytearray(Torch(TENSORS, legacy).to_bytes())
    content[int(place * len(content))] = value
    path = tmp_path_factory.getbasetemp() / "changed.pth"
    path.write_bytes(content)
    try:
        assert all(isinstance(value, np.ndarray) for value in read_state_dict(path).values())
    except SynthgenError as error:
        assert str(path) in str(error)


@pytest.mark.slow
def test_files_that_pytorch_writes_are_read_in_both_formats(tmp_path: Path) -> None:
    if importlib.util.find_spec("torch") is None:
        pytest.fail(NEEDED)
    subprocess.run([sys.executable, "-c", WRITES, tmp_path], check=True)
    with np.load(tmp_path / "truth.npz") as truth:
        for number in (0, 1):
            found = read_state_dict(tmp_path / f"{number}.pth")
            assert found["weight"].shape == (3, 2) and found["bias"].dtype == np.float32
            for name, value in truth.items():
                assert found[name].dtype == value.dtype and np.array_equal(found[name], value)
