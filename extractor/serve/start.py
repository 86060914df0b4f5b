"""The server as a process: its socket, its signals, and what it says at the start."""

import logging
import os
import socket
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from synthgen.errors import SynthgenError

if TYPE_CHECKING:
    from extractor.serve.answers import Looks
    from extractor.serve.limits import Limits

NEEDED = ("fastapi", "uvicorn", "python_multipart")
CONNECTIONS = 1_000  # at once, most of them idle or refused: more would only take memory


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str = "127.0.0.1"  # this machine alone
    port: int = 8000  # 0: one that is free

    def listen(self) -> socket.socket:
        """Return a socket that listens there.

        Raises:
            SynthgenError: the port is taken, or the host is not this machine.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            return socket.create_server((self.host, self.port), family=family, backlog=1024)
        except OSError as error:
            told = f"--host {self.host} --port {self.port}: need a free port of this machine: {error.strerror or error}"
            raise SynthgenError(f"{told}; name another, 0 for any") from error


def need_server() -> None:
    """Check that what serves is installed.

    Raises:
        SynthgenError: it is not.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SynthgenError(f"extract serve: needs {', '.join(missing)}, not installed: pip install 'synthgen[serve]'")


def threads_each(workers: int) -> int:
    """Return the threads of a model's for each of `workers` that run at once, so that there are no more than cores."""
    return max(len(os.sched_getaffinity(0)) // workers, 1)


def url_of(listening: socket.socket) -> str:
    """Return the address of the web page."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve_at(listening: socket.socket, extractor: "Looks", limits: "Limits", origins: Sequence[str] = ()) -> None:
    """Answer requests until the process is told to end; what is being read then is still answered."""
    import uvicorn

    from extractor.serve.app import create_app

    warnings.filterwarnings("ignore", module="PIL")  # of odd metadata: one that is remembered for each new text would be a leak
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # that it starts and ends is told already
    config = uvicorn.Config(
        create_app(extractor, limits, origins),
        log_config=None,  # the command's own
        access_log=False,  # the service tells of each photo
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=round(limits.timeout_s) + 1,
    )
    uvicorn.Server(config).run(sockets=[listening])
