"""The details of a user from a directory, for `me` and `contact`."""

from openucwa.model.application import Session
from openucwa.model.privacy import PrivacyLevel, Visible, sees
from openucwa.model.user import User
from openucwa.representation.document import Property


def details(of: User | Session) -> dict[str, Property]:
    """All known properties. UCWA: me, where the office has another name than in contact."""
    found = visible_details(of, sees(PrivacyLevel.FRIENDS_AND_FAMILY))
    if "office" in found:
        found["officeLocation"] = found.pop("office")
    return found


def visible_details(of: User | Session, visible: Visible) -> dict[str, Property]:
    """The known properties that may be seen. UCWA: contact."""
    found = {
        "company": of.company if visible.details else None,
        "department": of.department if visible.details else None,
        "homePhoneNumber": of.home_phone if visible.private_phones else None,
        "mobilePhoneNumber": of.mobile_phone if visible.mobile_phone else None,
        "office": of.office if visible.details else None,
        "otherPhoneNumber": of.other_phone if visible.private_phones else None,
        "title": of.title if visible.details else None,
        "workPhoneNumber": of.work_phone if visible.work_phone else None,
    }
    return {name: value for name, value in found.items() if value is not None}
