"""What a command line chose to train on: places with weights, and the engine itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from synthgen.errors import SynthgenError
from training.sources import GroupSource

BUILT_IN = "product"  # --stream product: the recipe that needs no file
WEIGHTED = re.compile(r"(?P<place>.+?(?:endpoint_override=[^&:]+:\d+)?)(?::(?P<weight>\d+(?:\.\d+)?))?")  # a port is no weight


Sources = Mapping[str, GroupSource[object]]


@dataclass(frozen=True)
class Chosen:
    """What is to be trained on."""

    data: tuple[str, ...] = ()  # DIR[:WEIGHT]
    stream: str | None = None  # a recipe file, or `product`
    stream_seed: int | None = None  # 0 if not given

    def __post_init__(self) -> None:
        if self.stream_seed is not None and not self.stream:
            raise SynthgenError(f"--stream-seed {self.stream_seed}: need --stream, whose seed it is, got none; leave it out")

    def places(self) -> dict[str, float | None]:
        """Return the weight of each place of `data`, None where none is given.

        Raises:
            SynthgenError: nothing is chosen, or something twice.
        """
        found: dict[str, float | None] = {}
        for text in self.data:
            match = WEIGHTED.fullmatch(text)
            place, weight = (match["place"], match["weight"]) if match else (text, None)
            if place in found:
                raise SynthgenError(f"--data: need each place once, got {place} again; give it one weight")
            found[place] = float(weight) if weight else None
        if not found and not self.stream:
            raise SynthgenError(
                "--data: need shards or a folder to train on, or --stream, got neither; run `synthgen render --out shards` first"
            )
        return found


def weights_of(chosen: Chosen, sources: Sources) -> tuple[float, ...]:
    """Return the weight of each source: as given, else its rows, so that all rows are seen equally often.

    Raises:
        SynthgenError: some have weights and others have none.
    """
    given = list(chosen.places().values()) + ([None] if chosen.stream else [])
    if all(weight is None for weight in given):
        return tuple(float(sum(source.sizes)) for source in sources.values())
    if chosen.stream and all(weight is not None for weight in given[:-1]):
        given[-1] = 1.0
    if any(weight is None for weight in given):
        raise SynthgenError(
            f"--data: need a weight for each source or for none, got {', '.join(chosen.data)}; write DIR:WEIGHT (a stream has 1)"
        )
    return tuple(float(weight or 0.0) for weight in given)


def told_rows(sources: Sources, noun: str) -> list[str]:
    """Return a line for each source: how many rows it has, and how many were refused why."""
    lines = []
    for name, source in sources.items():
        left_out = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in source.refused.items() if count)
        lines.append(f"{name}: {sum(source.sizes):,} {noun}" + (f"; refused: {left_out}" if left_out else ""))
    return lines


def recorded(chosen: Chosen, sources: Sources) -> dict[str, object]:
    """Return what of the data must be equal for a run to go on."""
    data = {name: {"rows": sum(source.sizes), "refused": source.refused, "digest": source.digest} for name, source in sources.items()}
    return {"data": data, "weights": weights_of(chosen, sources), "stream_seed": chosen.stream_seed or 0}
