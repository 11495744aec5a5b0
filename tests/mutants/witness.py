"""A pytest plugin that writes down which files the tests really imported, for the runner to judge."""

import json
import os
import sys
from pathlib import Path

FOLDERS = ("engine", "gateway", "terminal", "clearing", "bench", "tests")
ROOT_NAME = "CEAX_MUTANT_ROOT"
FILE_NAME = ".witness.json"


def pytest_sessionfinish() -> None:
    """Write the file of every module of the project that was imported."""
    seen = {
        name: str(module.__file__)
        for name, module in sys.modules.items()
        if name.split(".")[0] in FOLDERS and getattr(module, "__file__", None)
    }
    Path(os.environ[ROOT_NAME], FILE_NAME).write_text(json.dumps(seen), encoding="utf-8")
