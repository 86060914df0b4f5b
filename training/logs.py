"""The figures of a training run: a CSV table and TensorBoard's event files, both going on where a resumed run goes on."""

import csv
from pathlib import Path
from types import TracebackType

from tensorboardX import SummaryWriter

from synthgen.shards.storage import atomic_path, make_folder

STEP = "step"
Row = dict[str, float | int]


class RunLog:
    """Writes rows of figures, each beginning with its step, into a table of a run's folder and to TensorBoard."""

    def __init__(self, folder: Path, name: str, step: int) -> None:
        """Go on with `folder/name.csv` after `step`: rows beyond it are of work that was lost, and go."""
        make_folder(folder)
        self._path, self._name = folder / f"{name}.csv", name
        self._rows = [row for row in _read(self._path) if int(row[STEP]) <= step]
        self._events = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None, filename_suffix=f".{name}")

    def add(self, row: Row) -> None:
        """Write a row; its keys are the columns, and the names of TensorBoard's curves."""
        self._rows.append({key: str(value) for key, value in row.items()})
        columns = list(dict.fromkeys(key for found in self._rows for key in found))
        with atomic_path(self._path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self._rows)
        for key, value in row.items():
            if key != STEP:
                self._events.add_scalar(f"{self._name}/{key}", value, int(row[STEP]))
        self._events.flush()

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._events.close()


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
