"""The HTTP mirror on the websocket's port: GET and HEAD only, read only, of bounded cost whoever asks.

Answers are made from the exchange's views at most ten times a second each and kept as bytes; what a
request costs beyond that is a look into a table. Every address has a bucket, and all of them together one.
"""

import email.utils
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from gateway import wire
from gateway.codes import Fault
from gateway.limits import Bucket
from gateway.mirror_answers import Answers
from gateway.mirror_routes import METHODS, ROUTES, HttpError, Parameter, Readiness, Route

if TYPE_CHECKING:
    from gateway.server import Server

FRESH_S: Final = 0.1
"""How long an answer is given again without a look at the exchange."""
CACHE_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of kept answers; the longest unused goes first."""
ADDRESSES_MAX: Final = 20_000
"""Most addresses whose buckets are remembered; the longest unused goes first."""
ROWS_PER_TOKEN: Final = 100
"""Rows of an answer that cost one token more."""
TARGET_BYTES: Final = 512
"""Longest path with its query."""
FIELDS_MAX: Final = 8
INTEGER: Final = re.compile(r"(0|[1-9][0-9]{0,15})\Z")
STATUS_OF: Final = {
    "PARAMETER_INVALID": HTTPStatus.BAD_REQUEST,
    "PATH_UNKNOWN": HTTPStatus.NOT_FOUND,
    "PRODUCT_UNKNOWN": HTTPStatus.NOT_FOUND,
    "METHOD_NOT_ALLOWED": HTTPStatus.METHOD_NOT_ALLOWED,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "CONNECTIONS_FULL": HTTPStatus.SERVICE_UNAVAILABLE,
    "CONNECTIONS_LIMITED": HTTPStatus.SERVICE_UNAVAILABLE,
}


class HttpFault(Exception):
    """A request that gets no answer but why."""

    def __init__(self, code: str, detail: object = "", place: str = "", wait_s: float = 0) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.place = place
        self.wait_s = wait_s


class Kept(Struct):
    """An answer as bytes, when it was made, and by what it is known to be the same."""

    body: bytes
    tag: str
    made_s: float
    status: HTTPStatus


class Mirror:
    """Answers HTTP requests of one gateway; `respond` never raises."""

    def __init__(self, server: "Server") -> None:
        self._answers = Answers(server)
        self._settings = server.settings
        self._kept: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()
        self._kept_bytes = 0
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        now_s = time.monotonic()
        self._all = Bucket(self._settings.http_total, 2 * self._settings.http_total, now_s)
        self.requests: dict[int, int] = {}
        """How many answers went out, by HTTP status."""

    def respond(self, request: Request, address: str, now_s: float) -> Response:
        """Return the answer to a request from an address; `now_s` is of the monotonic clock."""
        language = _language(request.headers)
        try:
            response = self._respond(request, address, now_s)
        except HttpFault as fault:
            response = _refusal(fault, language)
        self._count(response)
        if request.method == "HEAD":  # the headers of a GET, whose length is told, and no body
            response.body = b""
        return response

    def refuse(
        self, request: Request, code: str, detail: object = "", wait_s: float = 5
    ) -> Response:
        """Return the answer to a websocket client that does not come in, with the seconds to wait."""
        fault = HttpFault(code, detail, wait_s=wait_s)
        response = _refusal(fault, _language(request.headers))
        self._count(response)
        return response

    def catch_up(self) -> bool:
        """Take in what trading has left for the mirror, a bounded part; False where more waits."""
        return self._answers.tape.catch_up()

    def _count(self, response: Response) -> None:
        status = response.status_code
        self.requests[status] = self.requests.get(status, 0) + 1

    def _respond(self, request: Request, address: str, now_s: float) -> Response:
        if request.method not in METHODS:
            raise HttpFault("METHOD_NOT_ALLOWED")
        if len(request.path) > TARGET_BYTES:
            raise HttpFault("PARAMETER_INVALID", f"more than {TARGET_BYTES} bytes", "path")
        path, _, query = request.path.partition("?")
        found = find_route(path)
        if found is None:
            self._pay(address, 1, now_s)
            raise HttpFault("PATH_UNKNOWN", "/v1/markets, /v1/time, /status")
        route, texts = found
        if not route.is_free:
            self._pay(address, 1, now_s)
        arguments = read_parameters(route, texts, query)
        rows = arguments.get("limit", 0)
        if rows > ROWS_PER_TOKEN:
            self._pay(address, rows // ROWS_PER_TOKEN, now_s)
        if "product" in arguments and not self._answers.has_product(arguments["product"]):
            raise HttpFault("PRODUCT_UNKNOWN", place="product")
        kept = self._answer(route, arguments, now_s)
        return _success(route, kept, request.headers)

    def _pay(self, address: str, cost: float, now_s: float) -> None:
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            if len(self._buckets) >= ADDRESSES_MAX:
                self._buckets.popitem(last=False)
            bucket = Bucket(self._settings.http_per_second, self._settings.http_burst, now_s)
        self._buckets[address] = bucket
        wait_s = bucket.take(now_s, cost) or self._all.take(now_s, cost)
        if wait_s:
            raise HttpFault("RATE_LIMITED", wait_s=wait_s)

    def _answer(self, route: Route, arguments: dict[str, Any], now_s: float) -> Kept:
        key = (route.name, *sorted(arguments.items()))
        kept = self._kept.pop(key, None)
        if kept is not None:
            if route.cache_s and now_s - kept.made_s < FRESH_S:
                self._kept[key] = kept
                return kept
            self._kept_bytes -= len(kept.body)
        make: Callable[..., Struct] = getattr(self._answers, route.name)
        answer = make(**arguments)
        body = wire.encode(answer)
        is_unready = isinstance(answer, Readiness) and not answer.is_ready
        status = HTTPStatus.SERVICE_UNAVAILABLE if is_unready else HTTPStatus.OK
        kept = Kept(body, f'"{blake2b(body, digest_size=12).hexdigest()}"', now_s, status)
        if route.cache_s:
            self._kept[key] = kept
            self._kept_bytes += len(body)
            self._forget(now_s)
        return kept

    def _forget(self, now_s: float) -> None:
        """Drop what is not given again, and past the limit what was not asked for longest."""
        while self._kept:
            first = next(iter(self._kept.values()))
            if self._kept_bytes <= CACHE_BYTES and now_s - first.made_s < FRESH_S:
                return
            self._kept.popitem(last=False)
            self._kept_bytes -= len(first.body)


def find_route(path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a path with the texts of its parameters."""
    for route, pattern in _PATTERNS:
        match = pattern.match(path)
        if match is not None:
            return route, {name: unquote(text) for name, text in match.groupdict().items()}
    return None


def read_parameters(route: Route, texts: dict[str, str], query: str) -> dict[str, Any]:
    """Return the parameters of a request, converted; HttpFault names the one that is wrong."""
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        problem = f"Invalid text: {error}" if isinstance(error, UnicodeError) else str(error)
        raise HttpFault("PARAMETER_INVALID", problem, "query") from None
    given = dict(texts)
    known = {parameter.name for parameter in route.parameters}
    for name, text in pairs:
        if name not in known or name in given:
            problem = "given twice" if name in given else "no such parameter"
            raise HttpFault("PARAMETER_INVALID", problem, name[:64])
        given[name] = text
    return {
        parameter.name: _convert(parameter, given.get(parameter.name))
        for parameter in route.parameters
    }


def _convert(parameter: Parameter, text: str | None) -> Any:  # noqa: ANN401 - as the table says
    if text is None:
        if parameter.is_required:
            raise HttpFault("PARAMETER_INVALID", "is missing", parameter.name)
        return parameter.default
    value: str | int = text
    if int in get_args(parameter.type):
        if not INTEGER.match(text):
            raise HttpFault("PARAMETER_INVALID", "Expected `int`", parameter.name)
        value = int(text)
    try:
        return msgspec.convert(value, parameter.type)
    except msgspec.ValidationError as error:
        choices = get_args(parameter.type) if get_origin(parameter.type) is Literal else ()
        problem = f"one of {', '.join(choices)}" if choices else str(error)
        raise HttpFault("PARAMETER_INVALID", problem, parameter.name) from None


def _pattern(route: Route) -> re.Pattern[str]:
    # A part between two strokes; what it may be is the parameter's own type's business.
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]*)", re.escape(route.path)) + r"\Z")


_PATTERNS: Final = tuple((route, _pattern(route)) for route in ROUTES)


def _success(route: Route, kept: Kept, headers: Headers) -> Response:
    cache = f"public, max-age={route.cache_s}" if route.cache_s else "no-store"
    extra = {"Cache-Control": cache, "ETag": kept.tag, "Access-Control-Allow-Origin": "*"}
    wanted = [tag.strip() for line in headers.get_all("If-None-Match") for tag in line.split(",")]
    if kept.status is HTTPStatus.OK and kept.tag in wanted:
        return _response(HTTPStatus.NOT_MODIFIED, b"", extra)
    return _response(kept.status, kept.body, extra)


def _refusal(fault: HttpFault, language: str) -> Response:
    detail = f"{fault.detail} - at `{fault.place}`" if fault.place else fault.detail
    wait_ms = int(fault.wait_s * 1000)
    told = Fault(fault.code, detail, retry_after_ms=wait_ms).frame(0, language)
    error = HttpError(
        code=told.code,
        number=told.number,
        text=told.text,
        place=fault.place,
        outcome=told.outcome,
        retry=told.retry,
        retry_after_ms=told.retry_after_ms,
    )
    extra = {"Cache-Control": "no-store"}
    if fault.wait_s:
        extra["Retry-After"] = str(int(fault.wait_s) + 1)
    if fault.code == "METHOD_NOT_ALLOWED":
        extra["Allow"] = ", ".join(METHODS)
    return _response(STATUS_OF[fault.code], wire.encode(error), extra)


def _response(status: HTTPStatus, body: bytes, extra: dict[str, str]) -> Response:
    headers = Headers(
        [
            ("Date", email.utils.formatdate(usegmt=True)),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Content-Type", "application/json"),
            ("X-Content-Type-Options", "nosniff"),
            *extra.items(),
        ]
    )
    return Response(status.value, status.phrase, headers, body)


def _language(headers: Headers) -> str:
    wanted = headers.get_all("Accept-Language")
    return "zh" if wanted and wanted[0].strip().lower().startswith("zh") else "en"


__all__ = ["ROUTES", "HttpFault", "Mirror", "find_route", "read_parameters"]
