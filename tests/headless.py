"""A browser without a screen, driven through the pipe of Chromium's DevTools: no driver, no package, no network."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get install -y chromium"
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "ArrowRight": 39,
    "ArrowLeft": 37,
    "ArrowDown": 40,
    "ArrowUp": 38,
    "End": 35,
    "Home": 36,
    " ": 32,
}

Json = dict[str, object]


@dataclass
class Page:
    """An open page."""

    asked: BinaryIO
    told: BinaryIO
    session: str = ""
    number: int = 0
    held: bytes = b""  # read, but not yet looked at
    home: str = "file:"  # what requests may begin with
    complaints: list[str] = field(default_factory=list)  # of the console, exceptions, and requests beyond home

    def call(self, method: str, **parameters: object) -> Json:
        """Return what the browser answers; events that come meanwhile are noted."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        self.asked.write(json.dumps(message).encode() + b"\0")
        self.asked.flush()
        while (answer := self._next()).get("id") != self.number:
            self._note(answer)
        assert "error" not in answer, answer["error"]
        result = answer["result"]
        assert isinstance(result, dict)
        return result

    def wait_for(self, event: str) -> None:
        """Read on until `event` comes."""
        while (message := self._next()).get("method") != event:
            self._note(message)

    def value(self, script: str) -> object:
        """Return what an expression, or a promise, comes to in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        result = answer["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and let go of a key."""
        about = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        text = {"text": {"Enter": "\r", " ": " "}[key]} if key in ("Enter", " ") else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def open(self, place: Path | str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Show a file, or the page at an address, in a window of this size."""
        self.home = "file:" if isinstance(place, Path) else place
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        shade = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": shade}])
        self.call("Page.navigate", url=place.as_uri() if isinstance(place, Path) else place)
        self.wait_for("Page.loadEventFired")

    def shoot(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen, or the whole page, as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **({"clip": self._whole()} if whole else {}))
        path.write_bytes(base64.b64decode(str(shot["data"])))

    def _whole(self) -> Json:
        size = self.value("({width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight})")
        assert isinstance(size, dict)
        return {"x": 0, "y": 0, "scale": 1, **size}

    def _next(self) -> Json:
        while b"\0" not in self.held:
            more = os.read(self.told.fileno(), 1 << 20)
            assert more, "the browser has ended"
            self.held += more
        message, _, self.held = self.held.partition(b"\0")
        content = json.loads(message)
        assert isinstance(content, dict)
        return content

    def _note(self, message: Json) -> None:
        about = json.dumps(message.get("params"))
        method = message.get("method")
        at_home = any(f'"url": "{start}' in about for start in (self.home, "data:", "blob:"))
        requested = method == "Network.requestWillBeSent" and not at_home
        if requested or method == "Runtime.exceptionThrown" or (method in ("Runtime.consoleAPICalled", "Log.entryAdded")):
            self.complaints.append(about)


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Open a page in a fresh profile; without a browser the test fails, it is never skipped."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail(f"need Chromium to look at a report, found none of {', '.join(NAMES)}; {INSTALL}")
    browser_reads, we_write = os.pipe()
    we_read, browser_writes = os.pipe()
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars")
    # the browser takes descriptors 3 and 4
    shell = ("bash", "-c", f'exec 3<&{browser_reads} 4>&{browser_writes}; exec "$@"', "bash")
    command = (*shell, program, *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank")
    process = subprocess.Popen(command, pass_fds=(browser_reads, browser_writes), stderr=subprocess.DEVNULL)
    os.close(browser_reads)
    os.close(browser_writes)
    try:
        with os.fdopen(we_write, "wb") as asked, os.fdopen(we_read, "rb", buffering=0) as told:
            yield _attached(Page(asked, told))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _attached(page: Page) -> Page:
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    page.session = str(page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
    for domain in ("Page", "Runtime", "Log", "Network"):
        page.call(f"{domain}.enable")
    return page
