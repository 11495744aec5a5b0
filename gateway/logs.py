"""The gateway's log lines: one JSON line per session event, refusal and control command, never per order.

The journal is the audit; these lines are for whoever watches the process. Nothing secret is in one, and
a flood of bad peers becomes a count: so many lines a second are written and the rest is told with the next.
"""

import logging
import sys
import time
import traceback
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from gateway.limits import Bucket

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
FORMATS: Final = ("json", "text")
LINES_PER_SECOND: Final = 100.0
LINES_BURST: Final = 500.0
TEXT_MAX: Final = 200
"""Longest text of a field: what a peer sent does not fill the disk."""
SECRETS: Final = frozenset(
    {"signature", "nonce", "secret", "secret_key", "passphrase", "password", "token"}
)
"""Fields that are never written, whoever gives them."""

LIBRARIES: Final = ("websockets", "asyncio")
BAD_PEER: Final = frozenset({"opening handshake failed"})
"""What websockets says of a peer that speaks no HTTP: it is counted, not told."""

Fields = MutableMapping[str, Any]
Write = Callable[[str], None]


def _nothing(_: str) -> None:
    """Write nothing: a gateway inside a test or a notebook is silent until `configure`."""


class Lines:
    """Makes the lines of one process."""

    def __init__(self, level: str = "info", form: str = "json", write: Write = _nothing) -> None:
        self._write = write
        self._bucket = Bucket(LINES_PER_SECOND, LINES_BURST, time.monotonic())
        self.dropped = 0
        """Lines that came too fast since the last one that was written."""
        renderer: Any = (
            structlog.processors.JSONRenderer(serializer=_serialize)
            if form == "json"
            else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
        )
        self._log = structlog.wrap_logger(
            _Sink(write),
            processors=[_clean, self._limit, _stamp, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
            cache_logger_on_first_use=True,
        )

    def info(self, event: str, **fields: Any) -> None:  # noqa: ANN401 - whatever a line tells
        """Write what happened."""
        self._log.info(event, level="info", **fields)

    def warning(self, event: str, **fields: Any) -> None:  # noqa: ANN401 - whatever a line tells
        """Write what an operator should look at."""
        self._log.warning(event, level="warning", **fields)

    def _limit(self, _: object, __: str, fields: Fields) -> Fields:
        if self._bucket.take(time.monotonic()):
            self.dropped += 1
            raise structlog.DropEvent
        if self.dropped:
            fields["dropped_before"] = self.dropped
            self.dropped = 0
        return fields


class _Sink:
    """What structlog hands its lines to."""

    def __init__(self, write: Write) -> None:
        self.info = self.warning = self.error = self.debug = self.msg = write


def _clean(_: object, __: str, fields: Fields) -> Fields:
    """Take out secrets and what is empty, and cut long texts."""
    for name in list(fields):
        value = fields[name]
        if name in SECRETS or value in ("", None):
            del fields[name]
        elif isinstance(value, str) and len(value) > TEXT_MAX:
            fields[name] = value[:TEXT_MAX] + "…"
    return fields


def _stamp(_: object, __: str, fields: Fields) -> Fields:
    return {"time_ns": time.time_ns(), **fields}


def _serialize(fields: Fields, **_: Any) -> str:  # noqa: ANN401 - structlog's own signature
    return msgspec.json.encode(fields).decode()


def to_stderr(text: str) -> None:
    """Write a line where the person who started the process sees it."""
    sys.stderr.write(text + "\n")


class _Holder:
    lines = Lines()


class _Library(logging.Handler):
    """What the libraries below say of errors: one line without a traceback, nothing of bad peers."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() in BAD_PEER:
            return
        error = record.exc_info[1] if record.exc_info else None
        place = ""
        if error is not None and error.__traceback__ is not None:
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        warning("failed", what=record.getMessage(), error=repr(error) if error else "", place=place)


def configure(level: str = "info", form: str = "json", write: Write = to_stderr) -> None:
    """Begin to write lines of a level and above, as `json` or `text`."""
    _Holder.lines = Lines(level, form, write)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = [_Library()]
        library.setLevel(logging.ERROR)
        library.propagate = False


def info(event: str, **fields: Any) -> None:  # noqa: ANN401 - whatever a line tells
    """Write what happened, through what `configure` set."""
    _Holder.lines.info(event, **fields)


def warning(event: str, **fields: Any) -> None:  # noqa: ANN401 - whatever a line tells
    """Write what an operator should look at, through what `configure` set."""
    _Holder.lines.warning(event, **fields)
