"""openucwa export and import: data as JSON Lines, and events of other calendars."""

import os
import shutil
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import click
import msgspec

from openucwa.cli.common import Failure, existing, in_store, opening, os_user, places, printable
from openucwa.cli.users import require_user, sip
from openucwa.config import Config
from openucwa.meetings.configured import meeting_rules
from openucwa.meetings.enterprise import Enterprise
from openucwa.meetings.extension import ExtensionLimits
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld
from openucwa.telemetry import audit
from openucwa.transfer import google, graph, lines
from openucwa.transfer.calendars import CalendarLimits, Converter
from openucwa.transfer.exporting import export as export_lines
from openucwa.transfer.files import InvalidFile, events_of, lines_of
from openucwa.transfer.importing import AT_A_TIME, Importer, Placed, Wrong
from openucwa.transfer.rules import ImportRules

#: How many malformed lines are reported before the rest is not read.
MAX_REPORTED = 20
#: Seconds between two lines of progress.
_EVERY = 5.0

#: Kinds of lines whose names are not words.
_WORDS = {"data": "other row", "removedUser": "removed user"}
_SOURCES = {"graph": graph, "google": google}


class Progress:
    """Progress messages on stderr, every few seconds and at the end."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._counts: Counter[str] = Counter()
        self._next = time.monotonic() + _EVERY

    def add(self, kind: str, count: int = 1) -> None:
        self._counts[kind] += count
        if (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY
            self.show(" so far")

    def show(self, suffix: str = "") -> None:
        counts = [(count, _WORDS.get(kind, kind)) for kind, count in self._counts.items()]
        done = ", ".join(f"{count:,} {kind}{'' if count == 1 else 's'}" for count, kind in counts)
        click.echo(f"openucwa: {self._verb} {done or 'nothing'}{suffix}", err=True)


@click.command("export")
@click.argument("target", metavar="[FILE]", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option(
    "--user", "sip_uri", metavar="SIP-URI", help="Export only what is stored about this user, without the password."
)
@click.option("--without-passwords", is_flag=True, help="Leave out the hashes of passwords.")
@click.option("--without-history", is_flag=True, help="Leave out the change log.")
@places
def export(
    target: Path,
    sip_uri: str | None,
    without_passwords: bool,
    without_history: bool,
    file: Path | None,
    **flags: object,
) -> None:
    """Write users, schemas, meetings, extensions and the change log to FILE, as JSON Lines. [default: stdout]

    The server may be running; the file is a consistent snapshot. Only its owner can read it. With --user it contains
    everything stored about that user, including contacts, photos and conversation logs: for requests for personal data.

    \b
    Examples:
      openucwa export everything.jsonl
      openucwa export --user sip:lenea@contoso.com lenea.jsonl
      openucwa export | jq -c 'select(.kind == "meeting")'
    """
    config = existing(file, flags)
    uri = None if sip_uri is None else sip(sip_uri)
    if uri is not None:
        require_user(config, uri)
    progress = Progress("exported")

    async def work(store: Any) -> None:
        async with store.snapshot() as snapshot:
            with _written(target) as written, _logged(audit.DataExported(os_user(), str(target), uri)):
                async for line in export_lines(
                    snapshot,
                    RealWorld().now(),
                    user=uri,
                    passwords=not without_passwords,
                    history=not without_history,
                ):
                    written.write(lines.write(line))
                    if not isinstance(line, lines.Header):
                        progress.add(str(line.__struct_config__.tag))

    try:
        in_store(config, work)
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}") from None
    progress.show()


@contextmanager
def _logged(act: audit.Act) -> Iterator[None]:
    """Logs the act at the end of the block, even if it fails: what it did before that is not undone."""
    try:
        yield
    finally:
        audit.log(act)


@contextmanager
def _written(target: Path) -> Iterator[BinaryIO]:
    """The file, which appears under its name when it is complete; or stdout."""
    if str(target) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with target.open("wb") as special:
            yield special
        return
    part = target.with_name(f"{target.name}.part")
    try:
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as opened:
            os.fchmod(opened.fileno(), 0o600)
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@click.command("import")
@click.argument("source", metavar="[FILE]", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option(
    "--from",
    "calendar",
    metavar="CALENDAR",
    type=click.Choice(sorted(_SOURCES)),
    help="Import events of another calendar: graph (Microsoft Graph) or google (Google Calendar).",
)
@click.option("--organizer", metavar="SIP-URI", help="With --from: import only the events that this user organizes.")
@click.option("--replace", "replaces", is_flag=True, help="Replace meetings and extensions that exist and differ.")
@click.option("--without-history", is_flag=True, help="Leave out the change log.")
@click.option("--check", "check_only", is_flag=True, help="Only check FILE.")
@places
def import_data(
    source: Path,
    calendar: str | None,
    organizer: str | None,
    replaces: bool,
    without_history: bool,
    check_only: bool,
    file: Path | None,
    **flags: object,
) -> None:
    """Import FILE, which `openucwa export` wrote, or events from another calendar. [default: stdin]

    The whole file is checked first: if a line is malformed, nothing is imported. What exists already is left unchanged,
    so an interrupted import can simply be run again. The server may be running. The exit status is 1
    if something was not imported.

    \b
    Examples:
      openucwa import everything.jsonl
      openucwa import --from graph --organizer sip:lenea@contoso.com events.json
      openucwa import --from google --check events.json
    """
    config = opening(file, flags)
    wanted = None if organizer is None else sip(organizer)
    if wanted is not None and calendar is None:
        raise Failure("--organizer requires --from")
    with _opened(source) as opened:
        read = partial(_placed, config, opened, calendar, wanted)
        checked = _check(config, read)
        if check_only:
            click.echo(f"{checked:,} lines are well-formed")
            return
        if not checked:
            click.echo(f"{source} is empty: there is nothing to import")
            return
        act = audit.DataImported(os_user(), str(source))
        work = partial(_import, config, read, replaces, not without_history, act)
        refused = in_store(config, work)
    if refused:
        raise Failure(f"{refused:,} of {checked:,} lines were not imported")


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    """The file, or a copy of stdin: it is read twice."""
    try:
        opened = sys.stdin.buffer if str(source) == "-" else source.open("rb")
    except OSError as error:
        raise Failure(f"{source} cannot be read: {error.strerror}") from None
    with opened:
        if opened.seekable() and str(source) != "-":
            yield opened
            return
        with TemporaryFile() as copy:
            shutil.copyfileobj(opened, copy)
            yield copy


def _placed(
    config: Config, file: BinaryIO, calendar: str | None, organizer: str | None, notes: bool
) -> Iterator[Placed | Wrong]:
    """The lines, and what is wrong in their place. `notes`: whether what is not carried is reported."""
    file.seek(0)
    if calendar is None:
        yield from _own_lines(file)
        return
    world = RealWorld()

    def note(place: str, text: str) -> None:
        if notes:
            click.echo(f"openucwa: {printable(f'{place}: {text}')}", err=True)

    converter = Converter(
        rules=meeting_rules(config, world, Enterprise(config.enterprise_domains)),
        limits=CalendarLimits(
            config.max_description,
            config.max_attendees,
            ExtensionLimits(config.max_extension_properties, config.max_extension_bytes),
        ),
        kept=config.expired_meetings_kept,
        grace=config.meeting_grace_period,
        now=world.now(),
        note=note,
        organizer=organizer,
    )
    kind = _SOURCES[calendar]
    try:
        for place, event in events_of(file, kind.MEMBER):
            try:
                found = kind.event_of(place, event, note)
                yield from () if found is None else list(converter.lines(place, found))
            except InvalidFile as invalid:
                yield Wrong(invalid.place, invalid.reason)
    except InvalidFile as invalid:
        yield Wrong(invalid.place, invalid.reason)


def _own_lines(file: BinaryIO) -> Iterator[Placed | Wrong]:
    try:
        for number, text in lines_of(file):
            place = f"line {number}"
            try:
                yield Placed(place, lines.read(text))
            except msgspec.MsgspecError as error:
                yield Wrong(place, str(error))
            except UnicodeDecodeError:
                yield Wrong(place, "is not UTF-8")
    except InvalidFile as invalid:
        yield Wrong(invalid.place, invalid.reason)


def _check(config: Config, read: Any) -> int:
    """The number of lines. Failure: some are malformed; they are listed."""
    rules, count, wrong = ImportRules(config), 0, 0
    for placed in read(notes=False):
        reason = placed.reason if isinstance(placed, Wrong) else _wrong(rules, placed)
        if reason is None:
            count += not isinstance(placed.line, lines.Header)
        else:
            click.echo(f"openucwa: {printable(f'{placed.place}: {reason}' if placed.place else reason)}", err=True)
            wrong += 1
        if wrong == MAX_REPORTED:
            break
    if wrong:
        count_of = (
            f"{wrong} or more lines are" if wrong == MAX_REPORTED else f"{wrong} line{' is' if wrong == 1 else 's are'}"
        )
        raise Failure(f"{count_of} malformed; nothing was imported")
    return count


def _wrong(rules: ImportRules, placed: Placed) -> str | None:
    try:
        rules.check(placed.line)
    except Refusal as refusal:
        return refusal.reason
    return None


async def _import(config: Config, read: Any, replaces: bool, history: bool, act: audit.Act, store: Any) -> int:
    """Imports all lines; returns how many were not imported. `act`: for the audit trail."""
    progress = Progress("imported")

    def refused(place: str, reason: str) -> None:
        click.echo(f"openucwa: {printable(f'{place}: not imported: {reason}')}", err=True)

    importer = Importer(store, config, RealWorld().now, refused, replaces, history)
    left = (placed for placed in read(notes=True) if isinstance(placed, Placed))
    with _logged(act):
        while batch := list(islice(left, AT_A_TIME)):
            await importer.add(batch)
            progress.add("line", len(batch))
    for (kind, outcome), count in sorted(importer.counts.items()):
        if count:
            click.echo(f"{kind}: {count:,} {outcome}")
    return sum(count for (_, outcome), count in importer.counts.items() if outcome in {"different", "refused"})
