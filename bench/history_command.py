"""Runs `ceax history`: reads the options and the table, shows progress, prints what came of it."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.bulletin_columns import parse_columns
from bench.bulletins import BulletinTable, read_bulletins
from bench.history import SEED, History, Replay
from bench.history_report import print_history, report_ignored, to_json
from engine.core import is_warm, warm_up
from engine.profile import Profile, load_profile
from engine.units import PRICE_FEN_MAX, days_from_civil, parse_yuan
from gateway.errors import UserError


def run(arguments: argparse.Namespace) -> int:
    """Run the command; 0 where every row matched or is explained, else 1."""
    profile = _profile(arguments.profile)
    begin, end = _date("--from", arguments.begin), _date("--to", arguments.end)
    references = _references(arguments.reference, profile)
    table = read_bulletins(arguments.bulletins, profile, parse_columns(arguments.columns))
    report_ignored(table)
    if not any(begin <= row.date and (not end or row.date <= end) for row in table.rows):
        raise UserError(f"{table.source}: no row from {begin or 'the start'} to {end or 'the end'}")
    if not is_warm():
        print(
            "compiling the engine's core for this machine (once, a few seconds) ...",
            file=sys.stderr,
        )
    warm_up()
    replay = Replay(
        profile,
        references=references,
        seed=SEED if arguments.seed is None else arguments.seed,
    )
    history = _run(replay, table, begin, end)
    for product in references:
        if not any(r.product == product and r.basis == "given" for r in history.references):
            print(
                f"--reference {product}: not used, its first row has a previous close",
                file=sys.stderr,
            )
    if arguments.json:
        print(to_json(history))
    else:
        print_history(history, table)
    return 0 if history.is_explained else 1


def _run(replay: Replay, table: BulletinTable, begin: str, end: str) -> History:

    dates = {r.date for r in table.rows if begin <= r.date and (not end or r.date <= end)}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("history", total=len(dates))
        return replay.run(
            table.rows,
            begin,
            end,
            lambda date: progress.update(task, advance=1, description=date),
        )


def _profile(name: str) -> Profile:

    built_in = files("engine").joinpath(f"profiles/{name}.toml")
    try:
        if name.isidentifier() and built_in.is_file():
            return load_profile(built_in.read_bytes(), name)
        return load_profile(Path(name).read_bytes(), name)
    except OSError as error:
        raise UserError(f"--profile {name}: neither a known profile nor a file") from error


def _date(option: str, text: str) -> str:

    try:
        if text:
            days_from_civil(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error
    return text


def _references(texts: list[str], profile: Profile) -> dict[str, int]:

    found: dict[str, int] = {}
    for text in texts:
        product, _, price = text.partition("=")
        if profile.product_index(product) < 0:
            codes = ", ".join(known.code for known in profile.products)
            raise UserError(f"--reference {text}: no such product; write PRODUCT=YUAN, of {codes}")
        try:
            found[product] = parse_yuan(price)
        except ValueError as error:
            raise UserError(f"--reference {text}: {error}") from error
        if not 0 < found[product] <= PRICE_FEN_MAX:
            raise UserError(f"--reference {text}: not a price above zero")
    return found
