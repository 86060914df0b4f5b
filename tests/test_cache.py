"""Assets made once, whole or not at all, and shared."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.assets.cache import Arrays, cached, digest, file_digest
from synthgen.errors import SynthgenError

SAMPLE: Arrays = {"start": np.arange(5), "field": np.arange(12, dtype=np.uint8).reshape(3, 4), "none": np.zeros((0, 2), dtype=np.float32)}
PARTS = st.lists(st.one_of(st.text(max_size=4), st.binary(max_size=4)), max_size=4)


def never() -> Arrays:
    raise AssertionError("made again")


def counting(calls: list[int]) -> Callable[[], Arrays]:
    def make() -> Arrays:
        calls.append(1)
        return SAMPLE

    return make


def test_what_was_made_comes_back_equal_and_is_made_once(tmp_path: Path) -> None:
    calls: list[int] = []
    for _ in range(3):
        found = cached(tmp_path / "deep" / "er", "fields-1", counting(calls))
        assert sorted(found) == sorted(SAMPLE)
        for name, array in SAMPLE.items():
            np.testing.assert_array_equal(found[name], array, strict=True)
    assert len(calls) == 1


def test_arrays_are_memory_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    field = cached(tmp_path, "fields", lambda: SAMPLE)["field"]
    assert isinstance(field, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        field[0, 0] = 1


def test_another_name_is_another_entry(tmp_path: Path) -> None:
    cached(tmp_path, "one", lambda: {"a": np.array([1])})
    assert cached(tmp_path, "two", lambda: {"a": np.array([2])})["a"].tolist() == [2]
    assert cached(tmp_path, "one", never)["a"].tolist() == [1]


def test_a_failure_while_making_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Arrays:
        raise RuntimeError("no such font")

    with pytest.raises(RuntimeError, match="no such font"):
        cached(tmp_path, "fields", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_writing_leaves_nothing_behind_and_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = np.save

    def full_at_the_second(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
        if path.stem == "field":
            raise OSError("disk full")
        save(path, array)

    monkeypatch.setattr(np, "save", full_at_the_second)
    with pytest.raises(SynthgenError, match=f"{tmp_path}.*disk full.*--cache"):
        cached(tmp_path, "fields", lambda: SAMPLE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SynthgenError, match="cannot be written"):
        cached(tmp_path / "file", "fields", lambda: SAMPLE)


def test_who_comes_second_while_the_first_is_making_gets_the_firsts_arrays(tmp_path: Path) -> None:
    def slow() -> Arrays:
        cached(tmp_path, "fields", lambda: {"a": np.array([1])})  # another process is done first
        return {"a": np.array([2])}

    assert cached(tmp_path, "fields", slow)["a"].tolist() == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["fields"]


MAKER = """
import sys, time
from pathlib import Path
import numpy as np
from synthgen.assets.cache import cached
folder = Path(sys.argv[1])
def make():
    (folder / sys.argv[2]).touch()
    while not ((folder / "0").exists() and (folder / "1").exists()):
        time.sleep(0.005)  # until both are making
    return {"rows": np.arange(100_000)}
print(cached(folder / "cache", "rows-1", make)["rows"].sum())
"""


def test_two_processes_that_make_the_same_entry_both_get_it_and_leave_one(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", MAKER, str(tmp_path), str(n)] for n in range(2)]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    outputs = [maker.communicate(timeout=60)[0].strip() for maker in makers]
    assert outputs == [str(sum(range(100_000)))] * 2
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["rows-1"]


@given(left=PARTS, right=PARTS)
def test_digests_are_equal_only_for_equal_parts(left: list[str | bytes], right: list[str | bytes]) -> None:
    def as_bytes(parts: list[str | bytes]) -> list[bytes]:
        return [part.encode() if isinstance(part, str) else part for part in parts]

    assert (digest(*left) == digest(*right)) == (as_bytes(left) == as_bytes(right))


def test_where_one_part_ends_and_the_next_begins_matters() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


def test_a_file_digest_is_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("size", [0, 60, 130])
def test_a_damaged_entry_is_named_with_the_cure(tmp_path: Path, size: int) -> None:
    cached(tmp_path, "fields", lambda: SAMPLE)
    with (tmp_path / "fields" / "field.npy").open("r+b") as file:
        file.truncate(size)
    with pytest.raises(SynthgenError, match=r"fields: need whole files, got a damaged one: .*; remove the folder, it is made anew"):
        cached(tmp_path, "fields", never)
