"""What must hold for rows of words; all of it over whole columns."""

import numpy as np
import pyarrow as pa

from synthgen.alphabet import READER_STEPS
from synthgen.arrays import I64, U32, Bools
from synthgen.quad_shapes import inside_shares, leave
from synthgen.shards.findings import Findings, shown
from synthgen.shards.flat import code_points, edges_of, parents_of, quads_of, text_at
from synthgen.shards.row_checks import JPEG, check_files, check_letters, check_names, check_shapes, check_share, check_sizes

LEAST_INSIDE = 0.5  # of a character's quad: DESIGN.md
NAMES = ("font", "background", "source", "split")


def check_words(batch: pa.RecordBatch, known: Bools, findings: Findings) -> None:
    """Check rows without nulls; `known`: which characters are in the alphabet."""
    check_sizes(batch, findings)
    check_files(batch, "image", JPEG, findings)
    points, edges = code_points(batch.column("text"))
    check_letters(points, known, "text", parents_of(edges), findings)
    _check_steps(batch, points, edges, findings)
    _check_quads(batch, np.diff(edges), findings)
    check_names(batch, NAMES, findings)
    check_share(batch.column("contrast").to_numpy(), "contrast", findings)


def _check_steps(batch: pa.RecordBatch, points: U32, edges: I64, findings: Findings) -> None:
    """Check that labels are not empty and fit the reader's time steps: one a character and a blank between equal neighbours."""
    steps = np.diff(edges)
    parents = parents_of(edges)
    alike = np.flatnonzero((points[1:] == points[:-1]) & (parents[1:] == parents[:-1]))
    steps = steps + np.bincount(parents[alike], minlength=len(steps))
    findings.rows("text empty", steps == 0, lambda _: ("a text", "''"))

    def told(k: int) -> tuple[str, str]:
        return f"at most {READER_STEPS} steps", f"{steps[k]} of {shown(ascii(text_at(batch.column('text'), k)))}"

    findings.rows("text steps", steps > READER_STEPS, told)


def _check_quads(batch: pa.RecordBatch, letters: I64, findings: Findings) -> None:
    column = batch.column("char_quads")
    edges = edges_of(column)
    found = np.diff(edges)
    findings.rows("char_quads count", found != letters, lambda k: (f"{letters[k]}, one a character", str(found[k])))
    quads, parents = quads_of(column.flatten()), parents_of(edges)
    x, y, right = check_shapes(quads, np.ones(len(quads), dtype=np.bool_), "char_quads", parents, findings)
    width, height = (batch.column(name).to_numpy()[parents] for name in ("width", "height"))
    out = np.flatnonzero(right & (leave(x, y, width, height) > 0))
    shares = np.ones(len(quads))
    shares[out] = inside_shares(x[:, out], y[:, out], width[out], height[out])
    findings.rows("char_quads inside", shares < LEAST_INSIDE, lambda k: (f"{LEAST_INSIDE:.0%} in the picture", f"{shares[k]:.1%}"), parents)
