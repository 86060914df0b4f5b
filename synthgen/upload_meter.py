"""How far an upload is: a bar on a terminal, else a line a shard; all on stderr."""

import logging
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from synthgen.shards.schema import TABLES
from synthgen.shards.upload import Sent

log = logging.getLogger(__name__)


@dataclass
class UploadMeter:
    """Takes note of the shards of a folder as they arrive."""

    shards: Path
    done: int = 0
    bytes: int = 0  # done, uploaded or there before
    sent_bytes: int = 0
    began: float = field(default_factory=time.monotonic)
    bar: Progress | None = None

    def __enter__(self) -> "UploadMeter":
        sizes = [path.stat().st_size for table in TABLES for path in (self.shards / table).glob("*") if path.is_file()]
        self.count, self.whole = len(sizes), sum(sizes)
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn())
            self.bar = Progress(*columns, console=Console(stderr=True))
            self.bar.add_task("uploading", total=self.whole, speed="")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def add(self, sent: Sent) -> None:
        """Take note of a shard that is there now."""
        self.done, self.bytes = self.done + 1, self.bytes + sent.bytes
        self.sent_bytes += 0 if sent.skipped else sent.bytes
        seconds = max(time.monotonic() - self.began, 1e-9)
        told = f"{self.bytes / 1e6:,.1f} of {self.whole / 1e6:,.1f} MB, {self.sent_bytes / 1e6 / seconds:,.1f} MB/s"
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=self.bytes, speed=told)
        else:
            again = f", after {sent.retried} tries in vain" if sent.retried else ""
            log.info("shard %d of %d: %s%s, %s", self.done, self.count, "there already" if sent.skipped else "uploaded", again, told)
