"""Commands of the clearing folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse
from pathlib import Path
from typing import Final

REGISTRY_EXAMPLE: Final = """\
example:
  ceax registry serve --data my-market/registry --port 7800
  ceax registry verify --data my-market/registry

The registry makes DIR/admin.token (accounts, holdings, cash) and DIR/exchange.token (settlement) at its
first start, readable by their owner alone, and writes the port it listens on into DIR/registry.port."""
LOAD_EXAMPLE: Final = """\
example:
  ceax registry load accounts.csv --token my-market/registry/admin.token --date 2026-01-05

columns: registry_account, funds_account, name, credit_code, cash_yuan, and one column of tonnes for
each product, such as CEA24. The same table may be loaded again: what was done is not done twice."""
CLEARING_EXAMPLE: Final = """\
example:
  ceax clearing serve --data my-market/clearing --exchange ws://127.0.0.1:7700 \\
      --registry http://127.0.0.1:7800 --key my-market/keys/clearing.key \\
      --token my-market/registry/exchange.token
  ceax clearing status --data my-market/clearing --json

Every day's report lies in DIR/reports as JSON and as text in Chinese and English."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add this folder's commands."""
    _add_registry(commands)
    _add_clearing(commands)


def _group(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    epilog: str,
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    parser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _leaf(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    epilog: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="where its data lies"
    )
    return parser


def _add_registry(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = _group(
        commands, "registry", "the registry (演示/仿真), a process of its own", REGISTRY_EXAMPLE
    )
    serve = _leaf(group, "serve", "serve the registry until Ctrl-C or SIGTERM", REGISTRY_EXAMPLE)
    serve.add_argument("--port", type=int, default=7800, metavar="N", help="loopback port, 0 = any")
    serve.add_argument(
        "--group",
        type=int,
        default=200,
        metavar="N",
        help="instructions settled per database transaction (1 to 10000, default 200)",
    )
    serve.set_defaults(run=_serve_registry)
    verify = _leaf(
        group, "verify", "recompute the ledger's hash chain and balances", REGISTRY_EXAMPLE
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.set_defaults(run=_verify_registry)
    load = group.add_parser(
        "load",
        help="open accounts and move allowances and cash to the exchange, from a CSV",
        description="Open accounts and move allowances and cash to the exchange, from a CSV.",
        epilog=LOAD_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    load.add_argument("file", type=Path, metavar="CSV")
    load.add_argument("--registry", default="http://127.0.0.1:7800", metavar="URL")
    load.add_argument(
        "--token", type=Path, required=True, metavar="FILE", help="admin.token of the registry"
    )
    load.add_argument("--date", required=True, metavar="DATE", help="business date, 2026-01-05")
    load.set_defaults(run=_load_registry)


def _add_clearing(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = _group(commands, "clearing", "clearing: from trades to the registry", CLEARING_EXAMPLE)
    serve = _leaf(group, "serve", "serve clearing until Ctrl-C or SIGTERM", CLEARING_EXAMPLE)
    serve.add_argument("--exchange", required=True, metavar="URL", help="ws://… of the exchange")
    serve.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificate authorities of a wss:// exchange (PEM)"
    )
    serve.add_argument("--registry", required=True, metavar="URL", help="http://… of the registry")
    serve.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="key of role clearing"
    )
    serve.add_argument(
        "--token", type=Path, required=True, metavar="FILE", help="exchange.token of the registry"
    )
    serve.add_argument(
        "--status-port", type=int, default=0, metavar="N", help="loopback port of /status, 0 = any"
    )
    serve.set_defaults(run=_serve_clearing)
    status = _leaf(group, "status", "show how far each day's clearing has come", CLEARING_EXAMPLE)
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=_status)


def _serve_registry(arguments: argparse.Namespace) -> int:
    import asyncio

    from clearing.registry_process import serve_registry
    from gateway.errors import UserError

    if not 1 <= arguments.group <= 10_000:  # noqa: PLR2004 - the bound that the help names
        raise UserError("--group must be from 1 to 10000")
    return asyncio.run(serve_registry(arguments.data, arguments.port, arguments.group))


def _load_registry(arguments: argparse.Namespace) -> int:
    from clearing.registry_load import run_load
    from engine.units import days_from_civil
    from gateway.errors import UserError

    try:
        days_from_civil(arguments.date)
    except ValueError as error:
        raise UserError(f"--date: {error}") from error
    print(run_load(arguments.file, arguments.registry, arguments.token, arguments.date))
    return 0


def _verify_registry(arguments: argparse.Namespace) -> int:
    import json

    from clearing.registry_process import verify_registry

    problems = verify_registry(arguments.data)
    if arguments.json:
        print(json.dumps({"problems": problems}, ensure_ascii=False))
    else:
        print("\n".join(problems) or "the hash chain and all balances agree")
    return 1 if problems else 0


def _serve_clearing(arguments: argparse.Namespace) -> int:
    import asyncio

    from clearing.process import serve_clearing
    from clearing.worker import ClearingSettings

    settings = ClearingSettings(
        data=arguments.data,
        exchange=arguments.exchange,
        registry=arguments.registry,
        key=arguments.key,
        token=arguments.token,
        status_port=arguments.status_port,
        authorities=arguments.ca,
    )
    return asyncio.run(serve_clearing(settings))


def _status(arguments: argparse.Namespace) -> int:
    from clearing.process import read_status
    from clearing.report import status_text

    status, body = read_status(arguments.data)
    print(body if arguments.json else status_text(status))
    return 0
