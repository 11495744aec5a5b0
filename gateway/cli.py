"""Commands of the gateway folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add this folder's commands."""
