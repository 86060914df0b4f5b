"""The files of the web page, read once; they load nothing from elsewhere."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from string import Template

from starlette.responses import Response

from extractor.serve.limits import Limits
from synthgen.report.overlay import filters, legend, palette, style_sheet

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


def page_files(limits: Limits) -> dict[str, Callable[[], Awaitable[Response]]]:
    """Return what answers each of the page's addresses."""
    read = {suffix: (files("extractor.serve") / f"page.{suffix}").read_text(encoding="utf-8") for suffix in TYPES}
    most = f"{limits.max_bytes / 1e6:g} MB and {limits.max_pixels / 1e6:g} million pixels"
    html = Template(read["html"]).substitute(max_bytes=limits.max_bytes, most=most, filters=filters())
    css = palette() + read["css"].replace("/* layers */", f"{style_sheet()}\n{_dots()}")
    return {"/": _file(html, "html"), "/page.css": _file(css, "css"), "/page.js": _file(read["js"], "js")}


def _dots() -> str:
    """Return the colour of the dot on each layer's button."""
    return "\n".join(f'[data-layer="{look["kind"]}"] i {{ background: {look["colour"]}; }}' for look in legend())


def _file(content: str, suffix: str) -> Callable[[], Awaitable[Response]]:
    async def file() -> Response:
        return Response(content, media_type=TYPES[suffix])

    return file
