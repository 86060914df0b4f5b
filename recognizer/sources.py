"""The sources that a command line names, opened."""

from pathlib import Path

from recognizer.crops import CropSource, Target, open_folder, open_shards, open_stream
from synthgen import SynthgenError
from training.chosen import BUILT_IN, Chosen
from training.labels import LABELS


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
        sources[f"--stream {chosen.stream}"] = open_stream(recipe, samples, chosen.stream_seed or 0, target)
    return sources
