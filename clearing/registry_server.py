"""The registry's HTTP door: bearer tokens, typed bodies, one writer, and the task that settles."""

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from clearing.database import Database
from clearing.messages import (
    BODY_BYTES_MAX,
    PAGE_MAX,
    BatchConfirm,
    BatchSeal,
    InstructionPage,
    Message,
    Request,
)
from clearing.registry_batches import Batches
from clearing.registry_ledger import SCHEMA, Ledger, Refused
from clearing.registry_requests import REQUESTS, Requests
from clearing.registry_statement import statement
from gateway.errors import UserError

GROUP_DEFAULT: Final = 200
"""Instructions that are settled in one database transaction."""
ROLES: Final = ("admin", "exchange")
TOKEN_BYTES: Final = 32
log = logging.getLogger("registry")
Body = TypeVar("Body", bound=Message)
Work = Callable[[str, web.Request], Awaitable[object]]


def tokens(data: Path) -> dict[str, str]:
    """Return token → role; the files DIR/<role>.token are made at the first start, mode 0600."""
    found: dict[str, str] = {}
    for role in ROLES:
        path = data.joinpath(f"{role}.token")
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(TOKEN_BYTES) + "\n", encoding="ascii")
        token = path.read_text(encoding="ascii").strip()
        if len(token) < TOKEN_BYTES:
            raise UserError(f"{path} holds no token; remove it and start again to make a new one")
        found[token] = role
    return found


class RegistryServer:
    """The registry: its database, its routes, its settling task."""

    def __init__(self, data: Path, *, group: int = GROUP_DEFAULT) -> None:
        self.database = Database(data.joinpath("registry.sqlite"), SCHEMA, time.time_ns)
        self.ledger = Ledger(self.database, time.time_ns)
        self.requests = Requests(self.database, self.ledger)
        self.batches = Batches(self.database, self.ledger)
        self._tokens = tokens(data)
        self._group = group
        self._wake = asyncio.Event()
        self._wake.set()  # a batch may have been confirmed before the last stop

    def application(self) -> web.Application:
        """Return the ASGI-like application of aiohttp."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[self._guard])
        app.router.add_get("/v1/health", self._health)
        for verb, path, roles, work in (
            ("POST", "/v1/requests/{kind}", ("admin",), self._request),
            ("POST", "/v1/batches/pages", ("exchange",), self._page),
            ("POST", "/v1/batches/seal", ("exchange",), self._seal),
            ("POST", "/v1/batches/confirm", ("exchange",), self._confirm),
            ("GET", "/v1/batches/{batch}", ROLES, self._batch),
            ("GET", "/v1/batches/{batch}/outcomes", ROLES, self._outcomes),
            ("GET", "/v1/movements", ROLES, self._movements),
            ("GET", "/v1/snapshot", ROLES, self._snapshot),
            ("GET", "/v1/statements/{account}", ROLES, self._statement),
        ):
            app.router.add_route(verb, path, self._door(roles, work))
        return app

    async def settle_forever(self) -> None:
        """Settle whatever is confirmed; between groups other requests get their turn."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while decided := self.batches.settle_some(self._group):
                log.info("settled a group of up to %d", decided)
                await asyncio.sleep(0)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # ------------------------------------------------------------ who, what, how it is answered

    def _door(self, roles: tuple[str, ...], work: Work) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            role = self._role(request)
            if role not in roles:
                raise Refused("ROLE", f"the role {role} may not do that", status=403)
            answer = await work(role, request)
            return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

        return handle

    def _role(self, request: web.Request) -> str:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        found = ""
        for token, role in self._tokens.items():
            if hmac.compare_digest(token.encode(), given.encode("utf-8", "replace")):
                found = role
        if not found:
            text = "no valid token: send Authorization: Bearer with the text of DIR/<role>.token"
            raise Refused("AUTH", text, status=401)
        return found

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            log.info("%s %s: %s", request.method, request.path, refused)
            return web.Response(
                body=msgspec.json.encode(refused.fault),
                status=refused.status,
                content_type="application/json",
            )

    @staticmethod
    async def _body(request: web.Request, kind: type[Body]) -> Body:
        try:
            data = await request.read()
        except web.HTTPRequestEntityTooLarge:
            text = f"a body has at most {BODY_BYTES_MAX} bytes"
            raise Refused("SIZE", text, status=413) from None
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.DecodeError as error:
            text, _, path = str(error).partition(" - at ")
            raise Refused("DATA", text, path.strip("`") or "$", status=400) from None

    @staticmethod
    def _number(request: web.Request, name: str) -> int:
        text = request.query.get(name, "0")
        if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - 63 bits
            raise Refused("DATA", f"{text!r} is not a number", f"?{name}", status=400)
        return int(text)

    # ------------------------------------------------------------ the work of each route

    async def _health(self, _: web.Request) -> web.Response:
        body = {"depository": "DEMO-REG", "state": "open", "mark": "演示/仿真"}
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")

    async def _request(self, role: str, request: web.Request) -> object:
        kind = REQUESTS.get(request.match_info["kind"])
        if kind is None:
            text = f"no such request; there are {', '.join(sorted(REQUESTS))}"
            raise Refused("NRGN", text, status=404)
        body: Request = await self._body(request, kind)
        return self.requests.carry_out(role, body)

    async def _page(self, _: str, request: web.Request) -> object:
        return self.batches.receive(await self._body(request, InstructionPage))

    async def _seal(self, _: str, request: web.Request) -> object:
        return self.batches.seal(await self._body(request, BatchSeal))

    async def _confirm(self, _: str, request: web.Request) -> object:
        view = self.batches.confirm(await self._body(request, BatchConfirm))
        self._wake.set()
        return view

    async def _batch(self, _: str, request: web.Request) -> object:
        return self.batches.view(request.match_info["batch"])

    async def _outcomes(self, _: str, request: web.Request) -> object:
        after = self._number(request, "after")
        return self.batches.outcomes(request.match_info["batch"], after)

    async def _movements(self, _: str, request: web.Request) -> object:
        return self.ledger.movements(self._number(request, "after"), PAGE_MAX)

    async def _snapshot(self, _: str, __: web.Request) -> object:
        return self.ledger.snapshot()

    async def _statement(self, _: str, request: web.Request) -> object:
        account, date = request.match_info["account"], request.query.get("date", "")
        return statement(self.database, self.ledger, account, date)
