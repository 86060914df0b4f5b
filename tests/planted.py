"""How tests change what is stored, and what `synthgen verify` then says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from synthgen.cli import app
from synthgen.shards.shard_check import Depth
from synthgen.verify import Order, Report, verify
from tests.sound_runs import Row

Change = Callable[[list[Row]], None]
FORMS = ("parquet", "tfrecord")


def checked(out: Path, sample: float = 1.0, rerender: float = 0.0, *, decode: bool = True) -> Report:
    return verify(Order(out, Depth(sample, rerender, decode), workers=1))


def faults_of(out: Path, *, decode: bool = True) -> list[str]:
    return [str(fault) for fault in checked(out, decode=decode).told]


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def leaves(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every value of a JSON value; of long lists to the first two."""
    yield path
    inside = node.items() if isinstance(node, dict) else enumerate(node[:2]) if isinstance(node, list) else ()
    for key, value in inside:
        yield from leaves(value, (*path, key))


def put(node: Any, path: tuple[str | int, ...], value: object) -> Any:  # noqa: ANN401  # JSON
    """Return a JSON value with another value at `path`."""
    if not path:
        return value
    copied = node.copy()
    copied[path[0]] = put(node[path[0]], path[1:], value)
    return copied


def of(row: int, **values: object) -> Change:
    def change(rows: list[Row]) -> None:
        for name, value in values.items():
            rows[row][name] = value(rows[row][name]) if callable(value) else value

    return change


def inner(row: int, column: str, item: int, field: str, value: object) -> Change:
    """Return what changes a field of a word or character of a scene."""

    def change(rows: list[Row]) -> None:
        found = rows[row][column][item]
        found[field] = value(found[field]) if callable(value) else value

    return change


def moved(by: float, first: int = 0) -> Callable[[Any], Any]:
    """Return what moves a quad to the right, or the first of several."""
    return lambda quads: (
        [[x + by * (k % 2 == 0) for k, x in enumerate(quads[0])], *quads[1:]]
        if isinstance(quads[0], list)
        else [x + by * (k % 2 == 0) for k, x in enumerate(quads)]
    )


def with_first(change: Callable[[list[float]], list[float]]) -> Callable[[Any], Any]:
    return lambda quads: [change(quads[0]), *quads[1:]]


def file(data: bytes | Callable[[bytes], bytes]) -> Callable[[Any], Any]:
    return lambda image: {"bytes": data(image["bytes"]) if callable(data) else data, "path": None}


def command(out: Path, *options: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["verify", str(out), "--workers", "1", *options])
    assert "Traceback" not in found.output and (found.exception is None or isinstance(found.exception, SystemExit)), found.exception
    return found.exit_code, found.stdout if found.stdout else found.output
