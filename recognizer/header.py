"""What a reader's file says of itself, whatever its form; free of Keras."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from recognizer.options import ReaderOptions
from synthgen.alphabet import Alphabet
from synthgen.errors import SynthgenError
from training.model_kind import ModelKind

READER = ModelKind("reader", "give a file that `recognizer train` or `recognizer export` of this version wrote")


@dataclass(frozen=True)
class Header:
    """What must be known to use a reader's weights."""

    options: ReaderOptions
    alphabet: Alphabet
    card: dict[str, object]  # where it comes from: recipe, seed, samples, scores; plain JSON values

    def to_notes(self) -> dict[str, str]:
        """Return the header as texts; the alphabet as it is, the rest as JSON."""
        options, card = (json.dumps(x, ensure_ascii=False) for x in (self.options.to_json(), self.card))
        return {"options": options, "alphabet": self.alphabet.characters, "card": card}

    @classmethod
    def from_notes(cls, notes: Mapping[str, str], place: str) -> "Header":
        """Return the header that `to_notes` made; `place` names its file in errors.

        Raises:
            SynthgenError: something is missing or no reader has it, or the alphabet is of another size than the classes.
        """
        missing = [key for key in ("options", "alphabet", "card") if key not in notes]
        if missing:
            raise SynthgenError(f"{place}: need a reader with options, alphabet and card, got none of {missing}; {READER.cure}")
        try:
            header = cls(ReaderOptions(**json.loads(notes["options"])), Alphabet(notes["alphabet"]), json.loads(notes["card"]))
        except (TypeError, ValueError, SynthgenError) as error:
            raise SynthgenError(f"{place}: need options this version knows, got {notes['options']}: {error}; {READER.cure}") from error
        if header.options.classes != len(header.alphabet.characters) + 1:
            got = f"{header.options.classes} classes and {len(header.alphabet.characters)} characters"
            raise SynthgenError(f"{place}: need one class more than characters, got {got}; {READER.cure}")
        return header
