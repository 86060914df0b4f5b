"""The sources that a command line names, opened, with their weights."""

import re
from dataclasses import dataclass
from pathlib import Path

from recognizer.crops import CropSource, Target, open_folder, open_shards, open_stream
from recognizer.labelled import LABELS
from synthgen import SynthgenError

BUILT_IN = "product"  # --stream product: the recipe that needs no file
WEIGHTED = re.compile(r"(?P<place>.+?)(?::(?P<weight>\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Chosen:
    """What is to be trained on."""

    data: tuple[str, ...] = ()  # DIR[:WEIGHT]
    stream: str | None = None  # a recipe file, or `product`
    stream_seed: int = 0

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


def open_sources(chosen: Chosen, target: Target, samples: int) -> dict[str, CropSource]:
    """Return the sources by name; a stream comes last and is as long as the run, so that no sample is seen twice.

    Raises:
        SynthgenError: one of them cannot be used.
    """
    sources: dict[str, CropSource] = {}
    for place in chosen.places():
        listed = "://" not in place and (Path(place) / LABELS).is_file()
        sources[place] = open_folder(Path(place), target) if listed else open_shards(place, target)
    if chosen.stream:
        if not samples:
            raise SynthgenError("--samples: need the number to train on with --stream, which has no end, got none; give --samples 2000000")
        recipe = None if chosen.stream == BUILT_IN else Path(chosen.stream)
        sources[f"--stream {chosen.stream}"] = open_stream(recipe, samples, chosen.stream_seed, target)
    return sources


def weights_of(chosen: Chosen, sources: dict[str, CropSource]) -> tuple[float, ...]:
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
