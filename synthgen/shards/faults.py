"""What goes wrong at an object store: in words that say the cure, and tried again where that may help."""

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import pyarrow as pa

from synthgen.errors import SynthgenError

T = TypeVar("T")
RETRIES = 6  # a server that starts again within a minute is waited for
LONGEST_S = 32.0  # between two tries
SHOWN = 160  # characters of a store's own words

REFUSED = re.compile(
    r"ACCESS_DENIED|ACCOUNT_PROBLEM|INVALID_ACCESS_KEY_ID|INVALID_CLIENT_TOKEN_ID|INVALID_SIGNATURE|SIGNATURE_DOES_NOT_MATCH|EXPIRED_TOKEN"
    r"|INVALID_TOKEN|UNRECOGNIZED_CLIENT|MISSING_AUTHENTICATION_TOKEN|HTTP (?:status )?(?:code )?40[13]"
    r"|AuthorizationFailure|AuthorizationPermissionMismatch|AuthenticationFailed|AuthenticationException|InsufficientAccountPermissions|PERMISSION_DENIED|UNAUTHENTICATED"
)
NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|ContainerNotFound|[Bb]ucket (?:does not exist|not found)")
UNANSWERED = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|THROTTLING|REQUEST_TIMEOUT|INTERNAL_FAILURE|SERVICE_UNAVAILABLE|HTTP (?:status )?(?:code )?(?:429|5\d\d)"
    r"|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED|UNAVAILABLE|ServerBusy|OperationTimedOut|InternalError|curlCode: \d+"
    r"|[Tt]imed? ?out|[Cc]onnection (?:reset|refused|closed)|[Cc]ould(?: not|n't) (?:connect|resolve)"
)
ANY_CODE = re.compile(r"AWS Error [A-Z_]+(?: \(HTTP status \d+\))?")

log = logging.getLogger(__name__)


def delays_s(retries: int) -> tuple[float, ...]:
    """Return the seconds before each new try: 1, 2, 4, ... LONGEST_S, LONGEST_S; without chance, as few tries are made at once."""
    return tuple(min(2.0**k, LONGEST_S) for k in range(retries))


DELAYS_S = delays_s(RETRIES)


class UnlikeError(OSError):
    """What was read back is not what was written."""


def is_transient(error: Exception) -> bool:
    """Return whether the same may go well when it is tried again: the store was busy or out of reach, not unwilling."""
    if isinstance(error, TimeoutError | ConnectionError | UnlikeError):
        return True
    told = str(error)
    return not REFUSED.search(told) and not NO_BUCKET.search(told) and UNANSWERED.search(told) is not None


def store_error(place: str, verb: str, error: Exception) -> SynthgenError:
    """Return the error that says what went wrong at `place` and what to do; `verb` is what could not be done: "read", "written".

    A store's own words are kept to their first line, or to the name of its error where that says enough.
    """
    told = str(error)
    for pattern, what, cure in (
        (REFUSED, "access is refused", "check the credentials, and what they allow"),
        (NO_BUCKET, "there is no such bucket", "make it, or check the name and the endpoint"),
        (UNANSWERED, "the store does not answer", "check the network and the endpoint"),
    ):
        found = pattern.search(told)
        if found:
            named = ANY_CODE.search(told)
            return SynthgenError(f"{place}: cannot be {verb}: {what} ({(named or found)[0]}); {cure}")
    first = (told.splitlines() or [type(error).__name__])[0][:SHOWN]
    return SynthgenError(f"{place}: cannot be {verb}: {first}; check the URL, the credentials and the network")


def shard_error(path: str, error: Exception, *, far: bool) -> SynthgenError:
    """Return the error of a shard that cannot be read: that of its store where it is `far`, in object storage, or else of its bytes."""
    if far and not isinstance(error, pa.ArrowInvalid):
        return store_error(path, "read", error)
    form = "TFRecord" if path.endswith(".tfrecord") else "Parquet"
    return SynthgenError(f"{path}: cannot be read as {form}: {error}; render again with --resume")


def retried(place: str, verb: str, task: Callable[[], T], waits_s: Iterable[float] = DELAYS_S) -> tuple[T, int]:
    """Return what `task` returns, and how many tries failed before; it must do no harm when done twice.

    Raises:
        SynthgenError: it failed for a reason that lasts, or as often as there are waits and once more.
    """
    failed, waits = 0, iter(waits_s)
    while True:
        try:
            return task(), failed
        except (pa.ArrowException, OSError) as error:
            fault = store_error(place, verb, error)
            delay_s = next(waits, None) if is_transient(error) else None
            if delay_s is None:
                raise fault from error
        failed += 1
        log.warning("%s; trying again in %g s", fault, delay_s)
        time.sleep(delay_s)
