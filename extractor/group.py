"""The shape of the command `extract`: photos need no command's name before them."""

import typer
from typer.core import TyperGroup

USUAL = "read"
BEFORE = ("--verbose",)  # options of the group, after which a command or a photo comes
ALONE = ("--help",)


class ReadsPhotos(TyperGroup):
    """Commands of which the usual one may be left out: `extract photo.jpg` is `extract read photo.jpg`.

    Inherits because click chooses the command nowhere else. A photo that is called as a command is reached as `./serve`.
    """

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # of click, within typer or not
        """Return what is left of the arguments, the usual command put before them where none is named."""
        place = next((k for k, argument in enumerate(args) if argument not in BEFORE), len(args))
        if place < len(args) and args[place] not in self.commands and args[place] not in ALONE:
            args = [*args[:place], USUAL, *args[place:]]
        return super().parse_args(ctx, args)
