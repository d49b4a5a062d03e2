"""Links to additions to UCWA: in Link headers, and in the index that an application's Link header names."""

import re

from openucwa.client.errors import InvalidAnswer
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import D_co
from openucwa.client.session import Answer
from openucwa.client.steps import Steps

_LINK = re.compile(r'<([^<>]*)>\s*;\s*rel="([^"]*)"')


def header_link(answer: Answer, rel: str) -> str:
    """The target of a Link header (RFC 8288) of an answer. InvalidAnswer: there is none of that rel, for example
    because the server keeps no history.
    """
    links = ", ".join(value for name, value in answer.response.headers if name == "link")
    for href, found in _LINK.findall(links):
        if found == rel:
            return str(href)
    raise InvalidAnswer(f"the answer has no Link header to {rel}")


def find_addition(application: OpenApplication[D_co], rel: str) -> Steps[str]:
    """The href of an addition, by links from the application. InvalidAnswer: the server has no additions."""
    answer = yield from application.session.send("GET", application.resource.link("self"))
    index = yield from application.session.send("GET", header_link(answer, "openucwa:index"))
    return index.resource.link(rel)
