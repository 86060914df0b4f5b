"""What `extract serve` checks before it listens."""

import importlib.util
import socket

import pytest
from typer.testing import CliRunner

from extractor.cli import app
from extractor.serve.start import NEEDED, Address, need_server, threads_each, url_of
from synthgen.errors import SynthgenError


def test_a_missing_package_is_an_error_that_names_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    need_server()
    monkeypatch.setattr("extractor.serve.start.find_spec", lambda name: None if name == "uvicorn" else importlib.util.find_spec(name))
    with pytest.raises(SynthgenError, match=r"needs uvicorn, not installed: pip install 'synthgen\[serve\]'"):
        need_server()
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 1 and "pip install 'synthgen[serve]'" in result.stderr
    assert NEEDED == ("fastapi", "uvicorn", "python_multipart")


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SynthgenError, match=rf"--host 127.0.0.1 --port {port}: need a free port of this machine: .*; name another"):
            Address(port=port).listen()


def test_the_address_that_is_told_is_the_one_that_is_listened_at() -> None:
    with Address(port=0).listen() as listening:
        assert url_of(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}/"
        socket.create_connection(listening.getsockname(), timeout=5).close()


def test_an_address_of_version_6_stands_in_brackets() -> None:
    class Listening:
        def getsockname(self) -> tuple[str, int, int, int]:
            return "::1", 8000, 0, 0

    assert url_of(Listening()) == "http://[::1]:8000/"  # type: ignore[arg-type]


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert [threads_each(workers) for workers in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]


def test_limits_that_make_no_sense_end_the_command_before_models_are_opened() -> None:
    result = CliRunner().invoke(app, ["serve", "--queue", "-1", "--detector", "nowhere.onnx"])
    assert result.exit_code == 1 and "--queue: need 0 to 100,000, got -1" in result.stderr
