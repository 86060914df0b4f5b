"""EasyOCR in the benchmarks: opened in one way, with nothing else installed."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.test_engine import ROOT

FAKES = {
    "easyocr": """
import json
from pathlib import Path
class Reader:
    def __init__(self, languages, *, user_network_directory, **asked):
        assert Path(user_network_directory).is_dir() and Path(user_network_directory) != Path.home()
        self.asked = {"languages": languages, **asked}
    def readtext(self, path):
        return [(((0, 0), (9, 0), (9, 4), (0, 4)), json.dumps([path, self.asked]), 0.5)]
""",
    "easyocr_en_models": "def model_dir(): return 'models'",
}
ASKED = {"languages": ["en"], "gpu": False, "model_storage_directory": "models", "download_enabled": False, "verbose": False}


def test_the_script_runs_where_there_is_nothing_but_easyocr_and_downloads_nothing(tmp_path: Path) -> None:
    for name, source in FAKES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-S", str(ROOT / "benchmarks" / "easyocr_words.py")]  # -S: without what is installed
    told = subprocess.run(
        command, input="a.png\nb.png\n", env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    rows = [json.loads(line)["rows"] for line in told.stdout.splitlines()]
    assert [json.loads(row[0][1]) for row in rows] == [[path, {**ASKED, "detector": True}] for path in ("a.png", "b.png")]
    assert rows[0][0][0] == [[0, 0], [9, 0], [9, 4], [0, 4]] and rows[0][0][2] == 0.5


def test_the_comparison_of_readers_opens_it_in_the_same_way_but_for_its_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.readers_bench import easyocr_engine

    def open_reader(*, detector: bool) -> SimpleNamespace:
        assert not detector
        return SimpleNamespace(recognize=lambda file, detail: [file, "read"])

    monkeypatch.setitem(sys.modules, "benchmarks.easyocr_words", SimpleNamespace(open_reader=open_reader))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=lambda count: None, __version__="2"))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1")
    engine = easyocr_engine()
    assert engine.about == {"easyocr": "1", "torch": "2"}
    assert engine.read([Path("a.png")]) == ["a.png read"]
