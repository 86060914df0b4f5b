"""How commands end where nothing can be printed any more."""

import os
import subprocess
import sys
from pathlib import Path

PRINTS = "import typer; from synthgen.told import run_app; app = typer.Typer(); app.command()(lambda: typer.echo('text')); run_app(app)"


def test_a_full_disk_under_stdout_is_one_line_and_exit_code_1() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([sys.executable, "-c", PRINTS], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: stdout: need room for what is printed, got a disk that is full; make some, or print elsewhere\n"


def test_a_reader_that_stops_early_is_no_fault_to_tell_of() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run([sys.executable, "-c", PRINTS], stdout=writes, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writes)
    assert (done.returncode, done.stderr) == (1, "")
