"""The one error a user can mend."""


class SynthgenError(Exception):
    """A fault in what the user gave: its message has the place, the rule, the value and the cure."""
