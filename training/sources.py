"""What both trainers read their data from."""

from typing import Protocol, TypeVar

Refused = dict[str, int]  # rows that are not used, by reason
Loaded = TypeVar("Loaded", covariant=True)


class GroupSource(Protocol[Loaded]):
    """Labelled rows in groups, loaded by any thread, or by another process after pickling."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Usable rows of each group."""

    @property
    def refused(self) -> Refused:
        """Rows that are not used."""

    @property
    def pool_groups(self) -> int:
        """Groups to be shuffled together."""

    @property
    def digest(self) -> str:
        """What differs when the data do, for a run that is to go on."""

    def load(self, number: int) -> Loaded:
        """Return the usable rows of a group."""
