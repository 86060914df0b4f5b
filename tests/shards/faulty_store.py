"""A store with planted faults: a folder behind a file system that fails, loses or spoils what it is told to."""

from collections import Counter
from pathlib import Path

import pytest
from pyarrow import fs

from synthgen.shards import place

URL = "s3://bucket/run"
LOST = "AWS Error NETWORK_CONNECTION during PutObject operation: curlCode: 56, Failure when receiving data from the peer"
BUSY = "AWS Error SLOW_DOWN during PutObject operation: Please reduce your request rate."
DENIED = "When uploading key 'x' in bucket 'bucket': AWS Error ACCESS_DENIED during PutObject operation: Access Denied"
NO_BUCKET = "AWS Error NO_SUCH_BUCKET during CreateMultipartUpload operation: The specified bucket does not exist"


class Planted(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """The folder `root` as the bucket "bucket"; `faults` has what each operation is to raise, call by call, "" for nothing."""

    def __init__(self, root: Path) -> None:
        self.root, self.inner = root, fs.LocalFileSystem()
        self.faults: dict[str, list[str]] = {}
        self.calls: Counter[str] = Counter()

    def at(self, path: str) -> str:
        return str(self.root / path)

    def fail(self, name: str) -> None:
        self.calls[name] += 1
        fault = self.faults[name].pop(0) if self.faults.get(name) else ""
        if fault:
            raise OSError(fault)

    def get_type_name(self) -> str:
        return "planted"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        self.fail("info")
        return self.inner.get_file_info([self.at(path) for path in paths])  # type: ignore[no-any-return]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        self.fail("list")
        inner = fs.FileSelector(self.at(selector.base_dir), allow_not_found=selector.allow_not_found, recursive=selector.recursive)
        return self.inner.get_file_info(inner)  # type: ignore[no-any-return]

    def delete_file(self, path: str) -> None:
        self.fail("delete")
        self.inner.delete_file(self.at(path))

    def open_input_stream(self, path: str) -> object:
        self.fail("read")
        return self.inner.open_input_stream(self.at(path))

    def open_input_file(self, path: str) -> object:
        self.fail("read")
        return self.inner.open_input_file(self.at(path))

    def open_output_stream(self, path: str, metadata: object) -> object:
        self.fail("write")
        Path(self.at(path)).parent.mkdir(parents=True, exist_ok=True)
        return self.inner.open_output_stream(self.at(path))

    def open_append_stream(self, path: str, metadata: object) -> object:
        raise NotImplementedError

    def create_dir(self, path: str, recursive: bool) -> None:
        raise NotImplementedError

    def delete_dir(self, path: str) -> None:
        raise NotImplementedError

    def delete_dir_contents(self, path: str, missing_dir_ok: bool) -> None:
        raise NotImplementedError

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError

    def move(self, source: str, target: str) -> None:
        raise NotImplementedError

    def copy_file(self, source: str, target: str) -> None:
        raise NotImplementedError


def plant(root: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """Have URL be the folder "bucket/run" below `root`, with scratch files in `root / "scratch"` and no waiting; return what may fail."""
    found = Planted(root)
    (root / "bucket").mkdir()
    (root / "scratch").mkdir()
    system = fs.PyFileSystem(found)
    monkeypatch.setattr("tempfile.tempdir", str(root / "scratch"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(place, "_opened", lambda url: (system, url.removeprefix("s3://")))
    return found
