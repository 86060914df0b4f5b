"""Tar files of WebDataset whose bytes depend on what is put in alone: no clock, no user, no order of a disk."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from synthgen.export.samples import Sample
from synthgen.shards.storage import atomic_path

BLOCK = 512  # bytes: what headers take and contents are filled up to
RECORD = 20 * BLOCK  # what a whole file is filled up to
LONGEST = 100  # bytes of a name in the old header; ours have 24
ZEROS = bytes(RECORD)
ANYONES = b"0000644\0" + 2 * b"0000000\0"  # mode, user and group
BACK = b"0" + bytes(100) + b"ustar\0" + b"00" + bytes(64 + 16 + 155 + 12)  # type, link, magic, version; no owner's names, device, prefix
BACK_SUM = sum(BACK) + 8 * ord(" ")  # the checksum counts its own field as spaces


@contextmanager
def tar_file(final: Path) -> Iterator["Tar"]:
    """Open one tar; put it in place only if the body succeeds."""
    with atomic_path(final) as scratch, scratch.open("wb", buffering=1 << 20) as file:
        tar = Tar(file)
        yield tar
        tar.close()


class Tar:
    """An open tar file that takes samples."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, sample: Sample) -> None:
        """Append the members of a sample, which WebDataset joins again by their key."""
        self._put(f"{sample.key}.jpg", sample.image)
        self._put(f"{sample.key}.txt", sample.text.encode())
        self._put(f"{sample.key}.json", f"{{{sample.about}}}".encode())
        for ending, png in sample.maps:
            self._put(f"{sample.key}.{ending}", png)

    def close(self) -> None:
        """Write the end: two empty blocks at least."""
        self._file.write(ZEROS[: 2 * BLOCK])
        self._file.write(ZEROS[: -self._file.tell() % RECORD])

    def _put(self, name: str, data: bytes) -> None:
        self._file.writelines(_member(name, data))


def _member(name: str, data: bytes) -> Iterable[bytes]:
    return header(name, len(data)), data, ZEROS[: -len(data) % BLOCK]


def header(name: str, size_bytes: int) -> bytes:
    """Return the 512 bytes before a file that anyone may read, made by user 0 at time 0.

    Source: POSIX.1-2017, pax, "ustar Interchange Format". tarfile makes the same bytes in 16 us, this in 2.
    """
    told = name.encode()
    if len(told) > LONGEST or size_bytes >= 8**11:
        raise ValueError(f"tar: need a name of at most {LONGEST} bytes and less than 8 GiB, got {name} with {size_bytes}")
    front = b"%b%b%011o\0%011o\0" % (told.ljust(LONGEST, b"\0"), ANYONES, size_bytes, 0)
    return b"%b%06o\0 %b" % (front, sum(front) + BACK_SUM, BACK)
