"""Tables of text."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], names: int) -> list[str]:
    """Return the rows as lines, the first `names` columns to the left and the figures after them to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{'<' if k < names else '>'}{width}}" for k, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
