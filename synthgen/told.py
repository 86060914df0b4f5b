"""How every command tells what a user can mend."""

import errno
import logging
import os
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
    """Run a command line; Ctrl-C outside a command's own care ends it quietly too, and a disk too full to print on in one line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:  # files have names, what is printed to has none
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or what is left would be written, and told of, once more at exit
        sys.exit("error: stdout: need room for what is printed, got a disk that is full; make some, or print elsewhere")
