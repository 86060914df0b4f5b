import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.export.samples import Sample
from synthgen.export.tar import RECORD, header, tar_file

SAMPLE = Sample("000000042", b"jpeg", "Öl\n,", ("x",), '"index":42', (("region.png", bytes(512)), ("affinity.png", b"")))
MEMBERS = {
    "000000042.jpg": b"jpeg",
    "000000042.txt": "Öl\n,".encode(),
    "000000042.json": b'{"index":42}',
    "000000042.region.png": bytes(512),
    "000000042.affinity.png": b"",
}


@given(name=st.from_regex(r"[a-z0-9.]{1,100}", fullmatch=True), size=st.integers(0, 8**11 - 1))
def test_a_header_is_the_one_that_tarfile_makes(name: str, size: int) -> None:
    told = tarfile.TarInfo(name)
    told.size = size
    assert header(name, size) == told.tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(("name", "size"), [("a" * 101, 1), ("a", 8**11)])
def test_what_a_header_cannot_say_is_refused(name: str, size: int) -> None:
    with pytest.raises(ValueError, match="tar: need a name of at most 100 bytes and less than 8 GiB"):
        header(name, size)


def test_a_file_has_the_bytes_that_tarfile_writes(tmp_path: Path) -> None:
    with tar_file(tmp_path / "ours.tar") as ours:
        for _ in range(7):
            ours.add(SAMPLE)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as theirs:
        for name, data in list(MEMBERS.items()) * 7:
            told = tarfile.TarInfo(name)
            told.size = len(data)
            theirs.addfile(told, io.BytesIO(data))
    assert (tmp_path / "ours.tar").read_bytes() == buffer.getvalue()
    assert len(buffer.getvalue()) % RECORD == 0


def test_a_failed_tar_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), tar_file(tmp_path / "a.tar") as tar:
        tar.add(SAMPLE)
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []
