"""The details of a user from a directory, for `me` and `contact`."""

from openucwa.model.application import Session
from openucwa.model.user import User
from openucwa.representation.document import Property


def details(of: User | Session) -> dict[str, Property]:
    """The known properties. UCWA: me, contact."""
    found = {
        "department": of.department,
        "homePhoneNumber": of.home_phone,
        "mobilePhoneNumber": of.mobile_phone,
        "otherPhoneNumber": of.other_phone,
        "title": of.title,
        "workPhoneNumber": of.work_phone,
    }
    return {name: value for name, value in found.items() if value is not None}
