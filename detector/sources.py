"""The sources that a command line names, opened."""

from hashlib import sha256
from pathlib import Path

from detector.labelled import COLUMNS
from detector.photo_scenes import PhotoScenes, open_photos
from detector.scenes import SceneSource, open_shards, open_stream
from synthgen import SynthgenError
from training.chosen import BUILT_IN, Chosen
from training.labels import table_at


def open_sources(chosen: Chosen, samples: int, init: Path | None, out: Path) -> dict[str, SceneSource]:
    """Return the sources by name; a stream comes last and is as long as the run, so that no scene is seen twice.

    Characters of photos, of which only words are known, will be told apart by the detector `init` (`photo_scenes.tell_apart`), and kept
    in the run's folder `out`.

    Raises:
        SynthgenError: one of them cannot be used.
    """
    sources: dict[str, SceneSource] = {}
    for place in chosen.places():
        sources[place] = _photos(place, init, out) if _listed(place) else open_shards(place)
    if chosen.stream:
        if not samples:
            raise SynthgenError("--samples: need the number to train on with --stream, which has no end, got none; give --samples 200000")
        recipe = None if chosen.stream == BUILT_IN else Path(chosen.stream)
        sources[f"--stream {chosen.stream}"] = open_stream(recipe, samples, chosen.stream_seed or 0)
    return sources


def _listed(place: str) -> bool:
    """Return whether a place is a folder of photos, not shards."""
    return "://" not in place and table_at(place, COLUMNS) is not None


def _photos(place: str, init: Path | None, out: Path) -> PhotoScenes:
    if init is None:
        need = "a detector that tells the characters of photos apart, got none"
        raise SynthgenError(f"--data {place}: need {need}; give --init, a detector.keras trained on scenes")
    try:
        teacher = sha256(init.read_bytes()).hexdigest()
    except OSError as error:
        raise SynthgenError(f"--init {init}: cannot be read: {error.strerror}; give a detector.keras trained on scenes") from error
    return open_photos(Path(place), teacher, out)
