"""What a detector's file says of itself, whatever its form; free of Keras."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from detector.options import DetectorOptions
from synthgen.errors import SynthgenError
from training.model_kind import ModelKind

DETECTOR = ModelKind("detector", "give a file that `detector train`, `import-craft` or `export` of this version wrote")


@dataclass(frozen=True)
class Header:
    """What must be known to use a detector's weights."""

    options: DetectorOptions
    card: dict[str, object]  # where it comes from: recipe, seed, samples, scores; plain JSON values

    def to_notes(self) -> dict[str, str]:
        """Return the header as texts, JSON each."""
        return {"options": json.dumps(self.options.to_json()), "card": json.dumps(self.card, ensure_ascii=False)}

    @classmethod
    def from_notes(cls, notes: Mapping[str, str], place: str) -> "Header":
        """Return the header that `to_notes` made; `place` names its file in errors.

        Raises:
            SynthgenError: something is missing, or no detector has it.
        """
        missing = [key for key in ("options", "card") if key not in notes]
        if missing or "alphabet" in notes:
            got = f"none of {missing}" if missing else "a reader"
            raise SynthgenError(f"{place}: need a detector with options and card, got {got}; {DETECTOR.cure}")
        try:
            return cls(DetectorOptions(**json.loads(notes["options"])), json.loads(notes["card"]))
        except (TypeError, ValueError, SynthgenError) as error:
            raise SynthgenError(f"{place}: need options this version knows, got {notes['options']}: {error}; {DETECTOR.cure}") from error
