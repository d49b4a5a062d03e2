"""How the bytes of a body become text, over the protocol."""

from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of
from tests.resources.messages import NAMESPACE, assert_refused

XML_TYPES = ("application/xml", "application/vnd.microsoft.com.ucwa+xml")
JSON_TYPES = ("application/json", "application/vnd.microsoft.com.ucwa+json")


@pytest.fixture
async def extensions(lene: UcwaClient) -> str:
    return extensions_of(await lene.schedule())


def xml(text: str, declared: str | None = None) -> str:
    declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    return f'{declaration}<input xmlns="{NAMESPACE}"><property name="a">{text}</property></input>'


async def post(client: UcwaClient, href: str, body: bytes, content_type: str) -> Any:
    return await client.post(href, content=body, headers={"Content-Type": content_type})


@pytest.mark.parametrize("media_type", XML_TYPES)
@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (xml("æ", "iso-8859-1").encode(), "utf-8"),
        (xml("æ", "utf-16").encode(), "utf-8"),
        (xml("æ", "klingon").encode(), '"UTF-8"'),
        (xml("æ", "utf-8").encode("latin-1"), "iso-8859-1"),
        (xml("æ", "utf-8").encode("utf-16-le"), "utf-16"),
        (xml("æ", "utf-16").encode("utf-16-be"), "UTF-16"),
        (xml("æ").encode("utf-16-be"), "utf-16be"),
        (xml("æ").encode("cp1251", "xmlcharrefreplace"), "windows-1251"),
        (b"\xef\xbb\xbf" + xml("æ", "iso-8859-1").encode(), "iso-8859-1"),
        (b"\xff\xfe" + xml("æ", "utf-8").encode("utf-16-le"), "utf-8"),
        (b"\xfe\xff" + xml("æ").encode("utf-16-be"), None),
        (b"\xff\xfe\0\0" + xml("æ", "utf-8").encode("utf-32-le"), None),
        (xml("æ", "utf-16").encode("utf-16-le"), None),
        (xml("æ", "windows-1252").encode("latin-1"), None),
        (xml("æ").encode(), None),
    ],
)
async def test_encoding_of_xml_is_that_of_mark_then_parameter_then_declaration(
    lene: UcwaClient, extensions: str, media_type: str, body: bytes, charset: str | None
) -> None:
    content_type = media_type if charset is None else f"{media_type}; charset={charset}"
    answer = await post(lene, extensions, body, content_type)
    assert answer.status_code == 201, answer.text
    assert answer.json()["a"] == "æ"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (xml("a").encode(), "application/xml; charset=klingon"),
        (xml("a").encode(), "application/xml; charset=idna"),
        (xml("a").encode(), "application/xml; charset=utf-7"),
        (xml("a", "klingon").encode(), "application/xml"),
        (b'{"a":"a"}', "application/json; charset=iso-8859-1"),
        (b'{"a":"a"}', "application/vnd.microsoft.com.ucwa+json; charset=utf-16"),
        (b'\xef\xbb\xbf{"a":"a"}', "application/json; charset=klingon"),
    ],
)
async def test_unsupported_charset_is_an_unsupported_media_type(
    lene: UcwaClient, extensions: str, body: bytes, content_type: str
) -> None:
    assert_refused(await post(lene, extensions, body, content_type), 415, "UnsupportedMediaType")


@pytest.mark.parametrize("media_type", JSON_TYPES)
@pytest.mark.parametrize("parameter", ["", "; charset=utf-8", "; charset='UTF8'", '; Charset="utf-8"'])
async def test_json_is_utf_8_with_or_without_a_mark(
    lene: UcwaClient, extensions: str, media_type: str, parameter: str
) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        answer = await post(lene, extensions, mark + '{"a":"æ"}'.encode(), media_type + parameter)
        assert answer.status_code == 201, answer.text
        assert answer.json()["a"] == "æ"


async def test_unsupported_charset_comes_before_the_preconditions(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    href = meeting["_links"]["self"]["href"]
    headers = {"Content-Type": "application/json; charset=utf-16", "If-Match": '"1"'}
    assert_refused(await lene.put(href, content=b"{}", headers=headers), 415, "UnsupportedMediaType")


async def test_bytes_invalid_in_the_charset_are_named(lene: UcwaClient, extensions: str) -> None:
    answer = await post(lene, extensions, b'{"a":"\xe6"}', "application/json")
    assert_refused(answer, 400, "BadRequest", "DeserializationFailure")
    assert "byte 7" in answer.json()["message"]


async def test_parts_of_a_batch_are_read_by_their_charset_too(lene: UcwaClient, extensions: str) -> None:
    part = b"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nPOST %b HTTP/1.1\r\n%b\r\n\r\n%b\r\n"
    parts = (
        (b"Content-Type: application/xml; charset=iso-8859-1", xml("æ", "utf-8").encode("latin-1")),
        (b"Content-Type: application/json; charset=iso-8859-1", b"{}"),
        (b"Content-Type: application/json", b'\xef\xbb\xbf{"a":1}'),
    )
    body = b"".join(part % (extensions.encode(), *each) for each in parts) + b"--b--"
    answer = await post(lene, f"{lene.app}/batch", b"\xef\xbb\xbf" + body, "multipart/batching; boundary=b")
    statuses = [line for line in answer.text.splitlines() if line.startswith("HTTP/1.1 ")]
    assert statuses == ["HTTP/1.1 201 Created", "HTTP/1.1 415 Unsupported Media Type", "HTTP/1.1 201 Created"]
    assert '"a":"æ"' in answer.text


async def join(client: UcwaClient, meeting: dict[str, Any]) -> str:
    """The messages of a new conversation in the meeting."""
    asked = {"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1"}
    answer = await client.post(f"{client.app}/communication/joinOnlineMeeting", json=asked)
    assert answer.status_code == 201, answer.text
    invitation = (await client.get(answer.headers["Location"])).json()
    conversation: str = invitation["_links"]["conversation"]["href"]
    answer = await client.post(f"{conversation}/messaging/addMessaging", json={"operationId": "2"})
    assert answer.status_code == 201, answer.text
    return f"{conversation}/messaging/messages"


@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"\xe6", "iso-8859-1"),
        (b"\xe6", '"windows-1252"'),
        (b"\xc3\xa6", "UTF-8"),
        (b"\xc3\xa6", None),
        (b"\xef\xbb\xbf\xc3\xa6", None),
        (b"\xef\xbb\xbf\xc3\xa6", "iso-8859-1"),
        (b"\xff\xfe\xe6\0", "utf-8"),
        (b"\x82\xa0", "shift_jis"),
    ],
)
async def test_message_is_read_by_its_charset(
    lene: UcwaClient, dana: UcwaClient, media_type: str, body: bytes, charset: str | None
) -> None:
    meeting = await lene.schedule()
    sent, heard = await join(lene, meeting), await join(dana, meeting)
    content_type = media_type if charset is None else f"{media_type}; charset={charset}"
    answer = await post(lene, sent, body, content_type)
    assert answer.status_code == 201, answer.text
    (message,) = (await dana.get(heard)).json()["_links"]["message"]
    links = (await dana.get(message["href"])).json()["_links"]
    text = links["plainMessage" if media_type == "text/plain" else "htmlMessage"]["href"].rpartition(",")[2]
    assert text.upper() == ("%E3%81%82" if charset == "shift_jis" else "%C3%A6")


async def test_message_that_cannot_be_read_is_refused(lene: UcwaClient) -> None:
    sent = await join(lene, await lene.schedule())
    answer = await post(lene, sent, b"a", "text/plain; charset=klingon")
    assert_refused(answer, 415, "UnsupportedMediaType")
    answer = await post(lene, sent, b"\xe6", "text/plain; charset=utf-8")
    assert_refused(answer, 400, "BadRequest", "DeserializationFailure")
