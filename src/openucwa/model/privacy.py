"""Privacy relationships: how much a user lets another person see (UCWA: contactPrivacyRelationship,
PrivacyRelationshipLevel)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PrivacyLevel(StrEnum):
    """UCWA: PrivacyRelationshipLevel. `UNKNOWN` is never in force."""

    UNKNOWN = "Unknown"
    EXTERNAL = "External"
    COLLEAGUES = "Colleagues"
    WORKGROUP = "Workgroup"
    FRIENDS_AND_FAMILY = "FriendsAndFamily"
    BLOCKED = "Blocked"


@dataclass(frozen=True, slots=True)
class Visible:
    """The details visible at a privacy level. Name, address and e-mail are always visible (UCWA:
    PrivacyRelationshipLevel, Blocked).

    `details`: title, department, company and office. `private_phones`: home and other phone. `presence`: availability
    and activity; False: shown as Offline, and changes raise no events. `last_active`: since when the user is inactive.
    """

    details: bool = False
    work_phone: bool = False
    mobile_phone: bool = False
    private_phones: bool = False
    photo: bool = False
    presence: bool = False
    last_active: bool = False
    note: bool = False
    location: bool = False


_EXTERNAL = Visible(details=True, photo=True, presence=True)
_COLLEAGUES = Visible(details=True, photo=True, presence=True, note=True, location=True, work_phone=True)
_WORKGROUP = Visible(
    details=True,
    photo=True,
    presence=True,
    note=True,
    location=True,
    work_phone=True,
    mobile_phone=True,
    last_active=True,
)
_FRIENDS_AND_FAMILY = Visible(
    details=True,
    photo=True,
    presence=True,
    note=True,
    location=True,
    work_phone=True,
    mobile_phone=True,
    last_active=True,
    private_phones=True,
)

_TABLE: Mapping[PrivacyLevel, Visible] = {
    PrivacyLevel.UNKNOWN: _EXTERNAL,
    PrivacyLevel.EXTERNAL: _EXTERNAL,
    PrivacyLevel.COLLEAGUES: _COLLEAGUES,
    PrivacyLevel.WORKGROUP: _WORKGROUP,
    PrivacyLevel.FRIENDS_AND_FAMILY: _FRIENDS_AND_FAMILY,
    PrivacyLevel.BLOCKED: Visible(),
}


def sees(level: PrivacyLevel) -> Visible:
    """The details that a person at this level sees of the user who set it."""
    return _TABLE[level]
