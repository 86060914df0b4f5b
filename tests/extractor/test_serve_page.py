"""The web page before a browser sees it: whole, and free of what could let others in."""

import re

import pytest

from extractor.serve.limits import Limits
from tests.extractor.serve_fixture import Asker, served
from tests.report_page import Seen, seen_in


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    async def scenario(asker: Asker) -> dict[str, str]:
        return {path: (await asker.ask("GET", path)).body.decode() for path in ("/", "/page.css", "/page.js")}

    return served(scenario, limits=Limits(max_bytes=3_500_000, max_pixels=12_000_000))


@pytest.fixture(scope="module")
def page(files: dict[str, str]) -> Seen:
    return seen_in(files["/"])


def test_it_is_well_formed_and_every_id_stands_once(page: Seen) -> None:
    assert page.faults == [] and page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_it_loads_its_own_two_files_alone(page: Seen, files: dict[str, str]) -> None:
    assert sorted(load for load in page.loads if not load.startswith(("#", "data:"))) == ["page.css", "page.js"]
    assert page.scripts == {}  # none within
    assert not re.search(r"https?://|@import", files["/page.css"] + files["/page.js"])


def test_text_from_outside_never_becomes_markup(files: dict[str, str]) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.srcdoc", files["/page.js"])
    assert not re.search(r"\son\w+=|\sstyle=", files["/"])


def test_what_the_script_looks_for_is_there(page: Seen, files: dict[str, str]) -> None:
    assert set(re.findall(r'byId\("([\w-]+)"\)', files["/page.js"])) <= set(page.ids)


def test_it_tells_the_limits(page: Seen, files: dict[str, str]) -> None:
    assert "Up to 3.5 MB and 12 million pixels." in " ".join(page.text)
    assert 'data-max-bytes="3500000"' in files["/"]


def test_layers_look_as_in_reports(files: dict[str, str]) -> None:
    assert "/* layers */" not in files["/page.css"]
    for kind in ("words", "region", "affinity"):
        assert f".show-{kind} .frame .{kind}" in files["/page.css"] and f'[data-layer="{kind}"] i' in files["/page.css"]
    assert {"heat-region", "heat-affinity"} <= set(seen_in(files["/"]).ids)
