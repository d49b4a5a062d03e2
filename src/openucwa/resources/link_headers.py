"""The Link headers (RFC 8288) by which documented resources lead to what this server adds to them.

In the resources themselves they would change the documented representation.
"""

from openucwa.http.message import Header


def link_header(href: str, rel: str) -> Header:
    """`href`: of the addition; `rel`: its relation to the resource."""
    return b"Link", f'<{href}>; rel="{rel}"'.encode()


def meeting_links(href: str, *, history: bool) -> tuple[Header, ...]:
    """From a meeting. `history`: whether changes are logged."""
    links = (
        link_header(f"{href}/invitation", "openucwa:invitation"),
        link_header(f"{href}/changeSet", "openucwa:changeSet"),
    )
    if not history:
        return links
    return (
        *links,
        link_header(f"{href}/versions", "openucwa:versions"),
        link_header(f"{href}/removedExtensions", "openucwa:removedExtensions"),
    )


def extension_links(href: str, *, history: bool, schema: str | None = None) -> tuple[Header, ...]:
    """From an extension. `history`: whether changes are logged. `schema`: the href of its schema, if there is one."""
    links = (link_header(f"{href}/versions", "openucwa:versions"),) if history else ()
    return links if schema is None else (*links, link_header(schema, "openucwa:schema"))
