"""Options of `ceax exchange serve` that concern the world outside: TLS, metrics, log lines."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.outside import Outside


def add_options(serve: argparse.ArgumentParser, port: Callable[[str], int]) -> None:
    """Add the options of `ceax exchange serve` that concern the world outside."""
    group = serve.add_argument_group(
        "the world outside",
        "hosts, origins and proxies stand in --settings; a large installation puts a proxy in front",
    )
    group.add_argument("--tls-cert", type=Path, metavar="FILE", help="PEM certificate chain")
    group.add_argument(
        "--tls-key", type=Path, metavar="FILE", help="its PEM key; SIGHUP reads both again"
    )
    group.add_argument(
        "--insecure", action="store_true", help="listen beyond this machine without TLS"
    )
    group.add_argument(
        "--metrics-port",
        type=port,
        metavar="N",
        help="Prometheus metrics at http://127.0.0.1:N/metrics; 0 = any port (none)",
    )
    group.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning"
    )
    group.add_argument("--log-format", choices=("json", "text"), default="json")


def read_options(arguments: argparse.Namespace) -> "Outside":
    """Return the options as given."""
    from gateway.outside import Outside

    return Outside(
        certificate=arguments.tls_cert,
        key=arguments.tls_key,
        is_insecure=arguments.insecure,
        metrics_port=arguments.metrics_port,
        log_level=arguments.log_level,
        log_form=arguments.log_format,
    )
