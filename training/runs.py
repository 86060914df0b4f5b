"""The folders of training runs and of reports: whose they are, and whether one may go on there."""

import json
from collections.abc import Mapping
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
        if found := _difference(before, record):
            key, was, now = found
            raise SynthgenError(f"{out / RUN}: {key}: need what the run began with, {was}, got {now}; give the same, or another --out")
        return
    if any(out.iterdir()) and resume:
        raise SynthgenError(f"{out}: need a run to go on with, or an empty folder, got files without {RUN}; give another --out")
    if any(out.iterdir()):
        raise SynthgenError(
            f"{out}: need an empty folder, or --resume to go on with its run, got files; give another --out or add --resume"
        )
    write_json(out / RUN, record)


def _difference(before: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, object, object] | None:
    """Return the first key whose values differ, within tables with a dot, and both values; None where all are equal."""
    for key in dict.fromkeys((*before, *now)):
        one, other = before.get(key), now.get(key)
        if one != other and isinstance(one, dict) and isinstance(other, dict):
            within = _difference(one, other)
            return within and (f"{key}.{within[0]}", *within[1:])
        if one != other:
            return key, one, other
    return None


def fresh(out: Path, option: str = "--out") -> Path:
    """Return `out`, a folder for reports that is not there yet, or empty; it was given as `option`.

    Raises:
        SynthgenError: there is something in it, such as an earlier report.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        told = f"{out}: need an empty folder for the report, got one with files, or a file"
        raise SynthgenError(f"{told}; give another {option}, or empty it")
    return out
