"""Why a request gets no words, as the client is told."""

import json

from starlette.responses import Response

HUNG_UP = 499  # the client did not wait for its answer. Source: nginx's status for it; HTTP has none


class RefusedError(Exception):
    """An answer without words: its message has the place, the rule, the value and the cure, as every error here."""

    def __init__(self, status: int, reason: str, told: str) -> None:
        super().__init__(told)
        self.status = status  # of HTTP
        self.reason = reason  # one word for programs and for the metrics

    def response(self) -> Response:
        """Return what is sent: `{"error": ..., "reason": ...}`."""
        waits = {"Retry-After": "1"} if self.status == 503 else {}
        body = json.dumps({"error": str(self), "reason": self.reason})
        return Response(body, self.status, headers=waits, media_type="application/json")
