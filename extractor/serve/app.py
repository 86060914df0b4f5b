"""The addresses of the server; none takes a path or an address."""

from collections.abc import Sequence
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from extractor.serve.answers import Looks
from extractor.serve.guard import Guard
from extractor.serve.limits import Limits
from extractor.serve.page_files import page_files
from extractor.serve.refusal import RefusedError
from extractor.serve.service import Service

PICTURE = {"type": "string", "format": "binary"}
BODY = {
    "required": True,
    "content": {
        "image/*": {"schema": PICTURE},
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": PICTURE}, "required": ["file"]}},
    },
}
STATUSES = {
    400: "no photo in the request, or a broken form",
    403: "asked by a page of another site",
    408: "the photo did not come in time",
    413: "too many bytes",
    415: "not a picture",
    422: "a broken picture, or too many pixels",
    503: "the queue is full, see Retry-After",
    504: "not read in time",
}


def create_app(extractor: Looks, limits: Limits | None = None, origins: Sequence[str] = ()) -> FastAPI:
    """Return the application; pages of `origins` may use it too, `*` stands for all."""
    service = Service(extractor, limits or Limits(), origins)
    app = FastAPI(title="extract", version=version("synthgen"), docs_url=None, redoc_url=None, lifespan=service.life)
    told: dict[int | str, dict[str, object]] = {status: {"description": about} for status, about in STATUSES.items()}
    app.add_api_route("/extract", service.extract, methods=["POST"], responses=told, openapi_extra={"requestBody": BODY})
    app.add_api_route("/health", service.health, methods=["GET"])
    app.add_api_route("/metrics", service.tell, methods=["GET"])
    for path, file in page_files(service.limits).items():
        app.add_api_route(path, file, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_exception_handler(HTTPException, _not_here)
    app.add_exception_handler(RequestValidationError, _misspelt)
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"])
    app.add_middleware(Guard)
    return app


async def _not_here(_: Request, fault: Exception) -> Response:
    """Return the answer to an address or method that there is not."""
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    told = f"address: need POST /extract, or GET of /, /health, /metrics or /openapi.json, got another ({fault}); mend the address"
    return RefusedError(status, "no_such_address", told).response()


async def _misspelt(_: Request, _fault: Exception) -> Response:
    """Return the answer to a parameter that cannot be understood."""
    return RefusedError(422, "bad_parameter", "maps: need true or false, got something else; leave it out for no maps").response()
