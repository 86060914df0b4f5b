"""What the benchmarks measure with: clocks, repeats, and what is said of the machine."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ParamSpec, TypeVar

from synthgen.assets.cache import default_folder
from synthgen.assets.studio import Opened, open_studio
from synthgen.found import Flags
from synthgen.recipe import Recipe

P = ParamSpec("P")
T = TypeVar("T")
Figures = dict[str, object]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Bench:
    """What is measured, and how often."""

    n: int
    worker_n: int
    neots_images: int
    repeats: int
    flags: Flags

    @cached_property
    def opened(self) -> Opened:
        """The assets of the default recipe."""
        return open_studio(Recipe(), default_folder())

    def repeated(self, measure: Callable[[], float]) -> tuple[float, float]:
        """Return the median of what `measure` returns, and the spread."""
        return middle([measure() for _ in range(self.repeats)])


def middle(values: Sequence[float]) -> tuple[float, float]:
    """Return median and spread."""
    median = statistics.median(values)
    return median, round((max(values) - min(values)) / median, 3)


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def wall_of(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes by the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@dataclass
class Stopwatch:
    """Adds up CPU seconds by stage; a stage that runs within another one is part of that."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    running: bool = False

    def timed(self, stage: str, work: Callable[P, T]) -> Callable[P, T]:
        """Return `work` with its time taken."""

        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            if self.running:
                return work(*args, **kwargs)
            self.running, began = True, time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                self.running = False
                self.seconds[stage] = self.seconds.get(stage, 0.0) + time.process_time() - began
                self.calls[stage] = self.calls.get(stage, 0) + 1

        return run


def machine() -> Figures:
    """Return what a speed claim needs beside the figure."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=HERE
    ).stdout.strip()
    models = {
        line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name")
    }
    load = round(os.getloadavg()[0], 2)  # before we add to it
    return {
        "cpu": sorted(models),
        "cores": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
        "commit": commit,
        "command": sys.argv[1:],
    }
