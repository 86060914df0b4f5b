"""Several sources in one batch, each by its weight, and still one number for the place in all of them."""

from dataclasses import dataclass

from synthgen.errors import SynthgenError


@dataclass(frozen=True)
class Mixture:
    """How many rows of each source a batch holds: shares are kept over time, exactly and without chance."""

    weights: tuple[float, ...]  # of each source, above 0
    batch: int

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights) <= 0:
            raise SynthgenError(f"--data: need a weight above 0 for each source, got {self.weights}; leave out what is not to be used")
        least = (
            len(self.weights) ** 2
        )  # then the source of most weight, which fills up, never goes back: share >= 1/k, others round up k - 1 times
        if self.batch < least:
            raise SynthgenError(f"--batch: need {least} or more for {len(self.weights)} sources, got {self.batch}; give fewer sources")

    def spans(self, step: int) -> list[tuple[int, int]]:
        """Return which positions of each source, (first, last), the batch of `step` takes; its rows are `batch` in all."""
        return list(zip(self._taken(step * self.batch), self._taken((step + 1) * self.batch), strict=True))

    def _taken(self, rows: int) -> list[int]:
        """Return how many of the first `rows` rows of the mixture are of each source."""
        whole = sum(self.weights)
        taken = [int(rows * (weight / whole)) for weight in self.weights]
        fills = self.weights.index(max(self.weights))
        taken[fills] += rows - sum(taken)
        return taken
