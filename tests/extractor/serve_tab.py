"""What someone does on the server's web page, and sees."""

import json
import time
from pathlib import Path

from tests.headless import Page as Tab

STATUS = "document.getElementById('status').textContent"


def wait(page: Tab, condition: str) -> None:
    """Wait until an expression is true in the page."""
    end = time.monotonic() + 60
    while not page.value(f"Boolean({condition})"):
        assert time.monotonic() < end, (condition, page.value("document.body.innerText"), page.complaints)
        time.sleep(0.02)


def drop(page: Tab, path: Path) -> None:
    """Drop a file on the page as a hand does."""
    about = {"x": 300, "y": 200, "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1}}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", type=kind, **about)


def read(page: Tab, path: Path) -> None:
    drop(page, path)
    wait(page, f"{STATUS}.includes('read in')")


def display(page: Tab, selector: str) -> object:
    return page.value(f"getComputedStyle(document.querySelector({json.dumps(selector)})).display")


def hover(page: Tab, selector: str) -> None:
    node = f"document.querySelector({json.dumps(selector)})"
    box = page.value(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({node}.getBoundingClientRect())")
    assert isinstance(box, list)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
