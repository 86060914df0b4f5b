"""Some of the shards of a run, as `--shards` names them: "100-199", "7", "0-3,9"; words first, then scenes, in one numbering."""

import re
from collections.abc import Iterable

from synthgen.errors import SynthgenError

FORM = re.compile(r"(\d+)(?:-(\d+))?")
NAMED = 50  # spans in one line


def parse_spans(text: str, count: int) -> list[int]:
    """Return the numbers, in order, that `text` names of a run of `count` shards.

    Raises:
        SynthgenError: it has another form, a span that runs backward, or a number that the run does not reach.
    """
    found: set[int] = set()
    for span in text.split(","):
        form = FORM.fullmatch(span.strip())
        if form is None:
            raise SynthgenError(f"--shards {text!r}: need A-B or A, or several and commas, got {span!r}; say 0-{max(count - 1, 0)}")
        first, last = int(form[1]), int(form[2] or form[1])
        if first > last:
            raise SynthgenError(f"--shards {text!r}: need A <= B, got {span.strip()}; turn them round")
        if last >= count:
            rule = f"need numbers up to {count - 1}, as the run has {count} shards"
            raise SynthgenError(f"--shards {text!r}: {rule}, got {last}; lower it, or give a larger --n")
        found.update(range(first, last + 1))
    return sorted(found)


def spans_of(numbers: Iterable[int]) -> str:
    """Return what `parse_spans` reads as `numbers`, which are in order; after NAMED spans, how many more there are."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    told = ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans[:NAMED])
    return told + (f" and {len(spans) - NAMED} more spans" if len(spans) > NAMED else "")
