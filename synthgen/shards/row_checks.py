"""What must hold for rows of either table: nothing missing, indices in order, whole files, numbers and names in their bounds."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthgen.arrays import F32, I64, U8, U32, Bools, Quads
from synthgen.errors import SynthgenError
from synthgen.quads import corners, least_turns
from synthgen.shards.findings import Findings, shown
from synthgen.shards.flat import bytes_of
from synthgen.shards.schema import PICTURE

JPEG = (b"\xff\xd8\xff", b"\xff\xd9")  # first and last bytes of the file: libjpeg, and so OpenCV, fills up cut ones with grey, unsaid
PNG = (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")
POINTS = 0x110000  # characters there are


def known_points(alphabet: str) -> Bools:
    """Return which characters are in the alphabet, by number, `(POINTS,)`."""
    known = np.zeros(POINTS, dtype=np.bool_)
    known[[ord(char) for char in alphabet]] = True
    return known


def whole_rows(batch: pa.RecordBatch, findings: Findings) -> pa.RecordBatch:
    """Return the rows of a batch without nulls; the others are faults, and `findings` is placed at those that are left."""
    rows, index = findings.placed
    missing = np.zeros(batch.num_rows, dtype=np.bool_)
    for name in batch.schema.names:
        lacking = np.zeros(batch.num_rows, dtype=np.bool_)
        for at in _nulls(batch.column(name), np.arange(batch.num_rows)):
            lacking[at] = True
        findings.rows(name, lacking, lambda _: ("a value", "none"))
        missing |= lacking
    if not missing.any():
        return batch
    findings.place(rows[~missing], index[~missing])
    return batch.filter(pa.array(~missing))


def need_values(batch: pa.RecordBatch, place: str) -> None:
    """Check that no value of a batch is missing, at any depth, and that its texts are texts, for those who read all rows alike.

    Raises:
        SynthgenError: it is not so.
    """
    cure = f"`synthgen verify {place}` tells where, if it is a run"
    try:
        batch.validate(full=True)
    except pa.ArrowException as error:
        raise SynthgenError(f"{place}: need sound columns, got {' '.join(str(error).split())}; {cure}") from error
    for name in batch.schema.names:
        if _lacks(batch.column(name)):
            raise SynthgenError(f"{place}: need a value in every cell of {name!r}, got one without; {cure}")


def _lacks(values: pa.Array) -> bool:
    """Return whether `_nulls` would yield any row, without finding out which."""
    if values.null_count:
        return True
    if pa.types.is_struct(values.type):
        return any(_lacks(values.field(k)) for k in range(1 if values.type.equals(PICTURE) else values.type.num_fields))
    nested = pa.types.is_fixed_size_list(values.type) or pa.types.is_list(values.type)
    return nested and _lacks(values.flatten())


def _nulls(values: pa.Array, rows: I64) -> Iterator[I64]:
    """Yield the rows of nulls at any depth; `rows`: those of the values. The path of a picture is null by intent."""
    if values.null_count:
        yield rows[values.is_null().to_numpy(zero_copy_only=False)]
    if pa.types.is_struct(values.type):
        for k in range(1 if values.type.equals(PICTURE) else values.type.num_fields):
            yield from _nulls(values.field(k), rows)
    elif pa.types.is_fixed_size_list(values.type) or pa.types.is_list(values.type):
        lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
        yield from _nulls(values.flatten(), np.repeat(rows, lengths))


def check_index(first: int, findings: Findings) -> None:
    """Check that the index of row k of the shard is `first` + k."""
    rows, index = findings.placed
    findings.rows("index", index != first + rows, lambda k: (str(first + rows[k]), str(index[k])))


def check_sizes(batch: pa.RecordBatch, findings: Findings) -> None:
    """Check that pictures have a width and a height."""
    for name in ("width", "height"):
        size = batch.column(name).to_numpy()
        findings.rows(name, size < 1, lambda k, size=size: ("1 px or more", str(size[k])))  # type: ignore[misc]  # the loop's own


def check_files(batch: pa.RecordBatch, name: str, ends: tuple[bytes, bytes], findings: Findings) -> None:
    """Check that the files of a column begin and end as whole ones do."""
    data, edges = bytes_of(batch.column(name).field(0))
    kind = "JPEG" if ends == JPEG else "PNG"
    head, tail = (np.frombuffer(end, dtype=np.uint8) for end in ends)
    short = np.diff(edges) < len(head) + len(tail)
    findings.rows(name, short, lambda k: (f"a {kind} file", f"{edges[k + 1] - edges[k]} bytes"))
    long = np.flatnonzero(~short)
    cut = np.zeros(len(short), dtype=np.bool_)
    cut[long] = ~(_stands(data, edges[:-1][long], head) & _stands(data, edges[1:][long] - len(tail), tail))
    findings.rows(name, cut, lambda _: (f"a whole {kind} file", "one cut off or changed"))


def _stands(data: U8, at: I64, part: U8) -> Bools:
    return np.asarray((data[at[:, None] + np.arange(len(part))] == part).all(axis=1))


def check_share(values: F32, name: str, findings: Findings, parents: I64 | None = None) -> None:
    """Check that numbers are 0 to 1; `parents`: row of each, if there are several."""
    wrong = np.ones(len(values), dtype=np.bool_)  # NaN stays wrong
    wrong[(values >= 0) & (values <= 1)] = False
    findings.rows(name, wrong, lambda k: ("0 to 1", str(values[k])), parents)


def check_names(batch: pa.RecordBatch, names: tuple[str, ...], findings: Findings) -> None:
    """Check that columns of names have no empty one."""
    for name in names:
        lengths: I64 = np.diff(bytes_of(batch.column(name))[1])
        findings.rows(name, lengths == 0, lambda _: ("a name", "''"))


def check_shapes(quads: Quads, seen: Bools, name: str, parents: I64, findings: Findings) -> tuple[F32, F32, Bools]:
    """Check that quads are finite and, those `seen`, in order; return x and y of their corners, `(4, n)`, and which are seen and right."""
    x, y = corners(quads)
    finite = np.asarray(np.isfinite(x).all(axis=0) & np.isfinite(y).all(axis=0), dtype=np.bool_)
    findings.rows(f"{name} finite", ~finite, lambda k: ("finite corners", _corners(quads, k)), parents)
    ordered = least_turns(x, y) > 0
    findings.rows(
        f"{name} order", seen & finite & ~ordered, lambda k: ("corners clockwise round a convex quad", _corners(quads, k)), parents
    )
    return x, y, finite & ordered & seen


def _corners(quads: Quads, k: int) -> str:
    return " ".join(f"({x:.6g}, {y:.6g})" for x, y in quads[k])


def check_letters(points: U32, known: Bools, name: str, parents: I64, findings: Findings) -> None:
    """Check that characters are in the alphabet."""
    strange = ~known[np.minimum(points, POINTS - 1)]
    findings.rows(name, strange, lambda k: ("characters of the run's alphabet", shown(ascii(chr(points[k])))), parents)
