"""The data directory of a market: its profile, trading calendar, genesis, keys and journal.

DIR/profile.toml    the rules          DIR/genesis.json    keys enrolled before the first command
DIR/calendar.toml   the trading days   DIR/keys/*.key      made by `ceax init`, mode 0600
DIR/journal/        one file per day   DIR/exchange.port   while the exchange serves
DIR/clock.toml      the clock it was begun with and a simulated one's rate, from the first start on
DIR/snapshots/      bound the time of a start; made again where they are missing
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

import engine
from engine.commands import EnrolKey, Role
from engine.profile import Profile, ProfileError, load_profile
from gateway import keys
from gateway.calendar import Calendar, load_calendar, make_calendar
from gateway.clock import RATE_MAX
from gateway.disk import FOLDER_MODE, FolderDisk, sync_folder
from gateway.errors import UserError

GENESIS_KEYS_MAX: Final = 64
CLOCK_NAME: Final = "clock.toml"
GENESIS_NAME: Final = "genesis.json"
PEOPLE: Final = (
    ("operator-1", "演示运营员甲", Role.OPERATOR),
    ("operator-2", "演示运营员乙", Role.OPERATOR),
    ("clearing", "演示清算服务", Role.CLEARING),
)
"""Name of the key file, person, role of the keys that a new market begins with."""
_FIXES: Final = {
    errno.ENOSPC: ("free space there", "请腾出空间"),
    errno.EDQUOT: ("free space there", "请腾出空间"),
    errno.EIO: ("check the disk", "请检查磁盘"),
}
_OTHER_PLACE: Final = ("choose a directory that you may write to", "请选择可写入的目录")

_genesis = msgspec.json.Decoder(
    Annotated[list[EnrolKey], Meta(min_length=1, max_length=GENESIS_KEYS_MAX)]
)


class KeptClock(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file of the clock says."""

    clock: Literal["wall", "simulated"] = "wall"
    rate: Annotated[float, Meta(ge=0, le=RATE_MAX)] = 1.0
    """Of a simulated one: its seconds in one of the machine's, 0 where it is driven."""


class Market(Struct, frozen=True, kw_only=True):
    """What a data directory holds, read and checked."""

    folder: Path
    profile: Profile
    profile_text: bytes
    calendar: Calendar
    genesis: list[EnrolKey]

    @property
    def journal_folder(self) -> Path:
        """Where the journal lies."""
        return self.folder / "journal"

    @property
    def snapshot_folder(self) -> Path:
        """Where the snapshots lie; it may be removed at any time while the exchange stands."""
        return self.folder / "snapshots"

    @property
    def port_file(self) -> Path:
        """Holds the port while the exchange serves."""
        return self.folder / "exchange.port"

    @property
    def clock_file(self) -> Path:
        """Says from the first start on which clock the market lives by."""
        return self.folder / CLOCK_NAME

    def clock_for(self, asked: str, rate: float | None = None) -> KeptClock:
        """Return the clock that the market lives by.

        The kept kind decides over one that is `asked` for ("" for any), UserError where the two differ: a
        simulated market on the wall clock would pass over all days between for good. A rate that is asked
        for holds from then on, None goes on with the kept one; the log is the same at any rate. A market
        without the file takes what is asked for, `wall` where nothing is.
        """
        kept = self._kept_clock()
        if kept is not None and asked and asked != kept.clock:
            raise UserError(
                f"{self.folder} was begun with --clock {kept.clock}; leave --clock out, or remove "
                f"{self.clock_file} to change the clock of this market for good"
            )
        clock = kept or KeptClock("simulated" if asked == "simulated" else "wall")
        if rate is None:
            return clock
        if clock.clock == "wall":
            raise UserError(
                f"--clock-rate {rate:g}: the wall clock of {self.folder} has no rate; leave it out, or "
                "begin a market with --clock simulated"
            )
        return KeptClock("simulated", rate)

    def _kept_clock(self) -> KeptClock | None:
        if not self.clock_file.exists():
            return None
        try:
            return msgspec.toml.decode(_read(self.clock_file), type=KeptClock)
        except msgspec.DecodeError as error:
            raise UserError(
                f'{self.clock_file}: {error}; write clock = "wall", or clock = "simulated" and '
                "rate = 1.0"
            ) from None

    def keep_clock(self, clock: KeptClock) -> None:
        """Write down the clock that the market lives by, in one step."""
        if clock == self._kept_clock():
            return
        rate = f"rate = {clock.rate}\n" if clock.clock == "simulated" else ""
        put(self.clock_file, f'clock = "{clock.clock}"\n{rate}'.encode())


def built_in_profile(name: str) -> bytes:
    """Return the text of a profile of this program; UserError lists the names there are."""
    folder = Path(engine.__file__).parent / "profiles"
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in names:
        raise UserError(f"there is no profile {name!r}; choose one of: {', '.join(names)}")
    return (folder / f"{name}.toml").read_bytes()


def make_market(folder: Path, profile: str = "national") -> list[Path]:
    """Make a first empty market and return its key files; UserError where the directory is in use."""
    text = built_in_profile(profile)
    load_profile(text, f"{profile}.toml")
    with told(folder):
        if folder.exists() and any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; choose a new directory for the market")
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        (folder / "keys").mkdir(mode=FOLDER_MODE)
        (folder / "journal").mkdir(mode=FOLDER_MODE)
        genesis, files = [], []
        for name, person, role in PEOPLE:
            key = keys.new_key(person, role)
            path = folder / "keys" / f"{name}.key"
            key.save(path)
            files.append(path)
            genesis.append(EnrolKey(public_key=key.public_key, role=role, person=person))
        _write(folder / "calendar.toml", make_calendar())
        _write(folder / GENESIS_NAME, msgspec.json.format(msgspec.json.encode(genesis)) + b"\n")
        _write(folder / "profile.toml", text)
        sync_folder(folder / "keys")
        sync_folder(folder)
    return files


def load_market(folder: Path, profile: str = "") -> Market:
    """Read a data directory; UserError names the file that is missing or wrong.

    `profile` is the name that the caller expects the market's rules to have, "" for any.
    """
    if not (folder / "profile.toml").exists():
        raise UserError(f"{folder} holds no market; make one with: ceax init {folder}")
    text = _read(folder / "profile.toml")
    try:
        rules = load_profile(text, str(folder / "profile.toml"))
    except ProfileError as error:
        raise UserError(str(error)) from None
    if profile and rules.name != profile:
        raise UserError(f"{folder} was made with the profile {rules.name}, not {profile}")
    calendar_file = folder / "calendar.toml"
    genesis_file = folder / GENESIS_NAME
    try:
        genesis = _genesis.decode(_read(genesis_file))
    except msgspec.DecodeError as error:
        raise UserError(f"{genesis_file}: {error}") from None
    return Market(
        folder=folder,
        profile=rules,
        profile_text=text,
        calendar=load_calendar(_read(calendar_file), str(calendar_file)),
        genesis=genesis,
    )


def journal_disk(folder: Path) -> FolderDisk:
    """Return the journal of a data directory; UserError where there is none."""
    path = folder / "journal"
    if not path.is_dir():
        raise UserError(f"{folder} holds no journal; give the data directory of a market")
    return FolderDisk(path)


@contextlib.contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn an error of the file system into one line that names the place."""
    try:
        yield
    except BrokenPipeError:
        raise  # of what is printed, not of the place
    except OSError as error:
        where = error.filename or place
        what = error.strerror or str(error)
        fix, zh = _FIXES.get(error.errno or 0, _OTHER_PLACE)
        raise UserError(f"{where}: {what}; {fix}", f"{where}: {what}; {zh}") from None


def put(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it, also after a power cut, finds the old content or this."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    _write(draft, data)
    draft.replace(path)
    sync_folder(path.parent)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; restore it from a copy") from None


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
