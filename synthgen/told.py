"""How every command tells what a user can mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from synthgen.errors import SynthgenError


@contextmanager
def told(interrupted: str) -> Iterator[None]:
    """Turn what a user can mend into one line and exit code 1, Ctrl-C into `interrupted` and 130."""
    try:
        yield
    except SynthgenError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as stop:
        typer.echo(f"\n{interrupted}", err=True)
        raise typer.Exit(130) from stop
