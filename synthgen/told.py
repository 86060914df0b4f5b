"""How every command tells what a user can mend."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from synthgen.errors import SynthgenError

CHATTY = ("numba", "fontTools", "PIL", "tensorflow", "absl", "h5py", "jax", "ray", "py4j")


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


def log_to_stderr(*, verbose: bool) -> None:
    """Set up logging: progress and warnings go to stderr, of libraries warnings alone."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.DEBUG if verbose else logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def run_app(app: typer.Typer) -> None:
    """Run a command line; Ctrl-C outside a command's own care ends it quietly too."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
