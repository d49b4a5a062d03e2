"""A set of changes to the extensions of one meeting and to the meeting itself, made together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from openucwa.model.change import ChangeKind
from openucwa.model.meeting import Extension, MeetingSettings


@dataclass(frozen=True, slots=True)
class ExtensionAdded:
    """An extension to be added after the meeting's others."""

    extension: Extension

    @property
    def id(self) -> str:
        """The extension's id."""
        return self.extension.id


@dataclass(frozen=True, slots=True)
class ExtensionReplaced:
    """Type, properties and etag of the extension with `extension.id` become those of `extension`.

    `match`: the etags that it must have one of; None: any. `kind`: for the change log.
    """

    extension: Extension
    match: frozenset[str] | None
    kind: ChangeKind = ChangeKind.REPLACED

    @property
    def id(self) -> str:
        """The extension's id."""
        return self.extension.id


@dataclass(frozen=True, slots=True)
class ExtensionRemoved:
    """An extension to be removed. `match`: as above."""

    id: str
    match: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ExtensionExpected:
    """An extension that stays as it is, and that the other changes depend on. `match`: as above."""

    id: str
    match: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class SettingsReplaced:
    """The new settings of the meeting, with its new etag. `kind`: for the change log."""

    settings: MeetingSettings
    etag: str
    kind: ChangeKind = ChangeKind.REPLACED


ExtensionChange: TypeAlias = ExtensionAdded | ExtensionReplaced | ExtensionRemoved | ExtensionExpected


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """`changes`: of extensions, each of another one, in the order in which they are made and logged. `settings`: the
    meeting's new ones; None: they stay. `match`: the etags that the meeting must have one of; None: any.
    """

    changes: Sequence[ExtensionChange]
    settings: SettingsReplaced | None = None
    match: frozenset[str] | None = None

    @property
    def written(self) -> Sequence[Extension]:
        """The extensions as they are stored: those that are added and replaced."""
        return [each.extension for each in self.changes if isinstance(each, ExtensionAdded | ExtensionReplaced)]
