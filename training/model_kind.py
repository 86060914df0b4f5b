"""What a trained model is called in its files and in messages about them; free of Keras."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelKind:
    """Readers, detectors: one kind of model."""

    name: str
    cure: str  # what to do about a file that holds none

    @property
    def entry(self) -> str:
        """The name of its header where that is a file."""
        return f"{self.name}.json"
