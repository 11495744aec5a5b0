"""What remains of a failure: a report without local variables, which may hold keys and orders."""

import os
import tempfile
import traceback
from pathlib import Path


def write_report(error: BaseException | None) -> Path:
    """Write where the program failed into a new file of the user's own and return its path."""
    cause = getattr(error, "error", error)  # a worker's failure wraps the one that matters
    lines = traceback.format_exception(cause) if cause is not None else ["no exception\n"]
    handle, name = tempfile.mkstemp(prefix="ceax-terminal-", suffix=".log", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(lines)
    return Path(name)
