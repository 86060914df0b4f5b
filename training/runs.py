"""The folders of training runs and of reports: whose they are, and whether one may go on there."""

import json
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.shards.storage import make_folder, read_json, write_json

RUN = "run.json"


def claim(out: Path, record: dict[str, object], *, resume: bool) -> None:
    """Write what a run is into `out/run.json`, or check that the run there is the same.

    Raises:
        SynthgenError: `out` is not empty and `resume` is not asked for, or the run there differs; the message says in what.
    """
    make_folder(out)
    record = json.loads(json.dumps(record))
    if (out / RUN).is_file() and resume:
        before = read_json(out / RUN)
        for key in dict.fromkeys((*before, *record)):
            if before.get(key) != record.get(key):
                raise SynthgenError(
                    f"{out / RUN}: {key}: need what the run began with, {before.get(key)}, got {record.get(key)}; "
                    "give the same, or another --out"
                )
        return
    if any(out.iterdir()) and resume:
        raise SynthgenError(f"{out}: need a run to go on with, or an empty folder, got files without {RUN}; give another --out")
    if any(out.iterdir()):
        raise SynthgenError(
            f"{out}: need an empty folder, or --resume to go on with its run, got files; give another --out or add --resume"
        )
    write_json(out / RUN, record)


def fresh(out: Path) -> Path:
    """Return `out`, a folder for reports that is not there yet, or empty.

    Raises:
        SynthgenError: there is something in it, such as an earlier report.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise SynthgenError(f"{out}: need an empty folder for the report, got one with files, or a file; give another --out, or empty it")
    return out
