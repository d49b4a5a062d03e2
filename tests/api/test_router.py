"""The router: which path leads to which resource."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.api.resource import Resource
from openucwa.api.router import Router

EXTENSIONS = (
    "/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings/{meeting_id}/onlineMeetingExtensions"
)
HERE = "/ucwa/v1/applications/1/onlineMeetings/myOnlineMeetings/AB/onlineMeetingExtensions"


class Named(Resource[None]):
    """A resource with a name."""

    def __init__(self, name: str) -> None:
        self.rel = name


@pytest.fixture(scope="module")
def router() -> Router:
    router = Router(
        Named("not found"), {"onlineMeetingExtensions": ["extensions"], "onlineMeetingPolicies": ["policies"]}
    )
    for template in (
        "/",
        "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
        "/ucwa/v1/applications",
        "/ucwa/v1/applications/{application_id}",
        "/ucwa/v1/applications/{application_id}/onlineMeetings/onlineMeetingPolicies",
        "/ucwa/v1/applications/{application_id}/policies",
        "/ucwa/v1/applications/{application_id}/people/search",
        "/ucwa/v1/applications/{application_id}/people/{contact}",
        "/ucwa/v1/applications/{application_id}/people/{contact}/note",
        EXTENSIONS,
        EXTENSIONS + "/{extension_id}",
    ):
        router.add_route(template, Named(template))
    return router


def find(router: Router, path: bytes | str) -> tuple[str, dict[str, str], str]:
    found = router.find(path.encode() if isinstance(path, str) else path)
    assert found.template == (None if found.resource.rel == "not found" else found.resource.rel)
    return found.resource.rel, dict(found.names), found.prefix


def test_path_parameters_are_extracted(router: Router) -> None:
    assert find(router, f"{HERE}/x") == (
        EXTENSIONS + "/{extension_id}",
        {"application_id": "1", "meeting_id": "AB", "extension_id": "x"},
        "/ucwa/v1",
    )


@pytest.mark.parametrize("path", ["/UCWA/V1/Applications", "//ucwa/v1//applications/", "/ucwa/v1/applic%61tions"])
def test_fixed_segments_match_other_spellings(router: Router, path: str) -> None:
    assert find(router, path) == ("/ucwa/v1/applications", {}, "/ucwa/v1")


@pytest.mark.parametrize("path", ["/", "", "//"])
def test_root_is_found(router: Router, path: str) -> None:
    assert find(router, path)[0] == "/"


def test_lower_case_discovery_is_found(router: Router) -> None:
    assert find(router, "/autodiscover/autodiscoverservice.svc/root/oauth/user")[2] == "/ucwa/v1"


@pytest.mark.parametrize("path", ["/ucwa/oauth/v1/applications/1", "//UCWA/OAuth/v1/applications/1"])
def test_other_prefix_leads_to_the_same_resource_and_is_reported(router: Router, path: str) -> None:
    assert find(router, path) == (
        "/ucwa/v1/applications/{application_id}", {"application_id": "1"}, "/ucwa/oauth/v1"
    )  # fmt: skip


def test_id_keeps_its_case(router: Router) -> None:
    assert find(router, f"{HERE}/MixedCase")[1]["extension_id"] == "MixedCase"


@pytest.mark.parametrize(
    ("raw", "extension_id"),
    [
        ("a%2Fb", "a/b"),
        ("%2F", "/"),
        ("%2f%2F", "//"),
        ("100%25", "100%"),
        ("%252F", "%2F"),
        ("%C3%A6", "æ"),
        ("a+b", "a+b"),
        ("%3Fq%23f", "?q#f"),
        ("..", ".."),
        ("%2e%2E", ".."),
        (";x=1", ";x=1"),
    ],
)
def test_id_is_decoded_once_and_after_the_path_was_split(router: Router, raw: str, extension_id: str) -> None:
    assert find(router, f"{HERE}/{raw}")[1]["extension_id"] == extension_id


def test_id_in_plain_utf_8_is_read_as_well(router: Router) -> None:
    assert find(router, f"{HERE}/æ".encode())[1]["extension_id"] == "æ"


@given(extension_id=st.text(min_size=1))
def test_every_id_comes_back_from_its_href(router: Router, extension_id: str) -> None:
    assert find(router, f"{HERE}/{quote(extension_id, safe='')}")[1]["extension_id"] == extension_id


@given(raw=st.binary())
def test_any_path_leads_somewhere(router: Router, raw: bytes) -> None:
    find(router, raw)


@pytest.mark.parametrize("raw", [b"%", b"%2", b"%zz", b"a%f", b"%FF", b"\xff", b"%C3", b"%ED%A0%80", b"%+1"])
def test_undecodable_path_is_not_found(router: Router, raw: bytes) -> None:
    assert find(router, HERE.encode() + b"/" + raw)[0] == "not found"


@pytest.mark.parametrize(
    "path",
    [
        "/ucwa",
        "/ucwa/v1",
        "/ucwa/v2/applications",
        "/ucwa/v1/applications/1/onlineMeetings",
        "/ucwa/v1/applications/1/nothing",
        f"{HERE}/x/y",
        "/ucwa/v1/./applications",
        "/ucwa/v1/x/../applications",
        "/ucwa%2Fv1/applications",
    ],
)
def test_other_paths_are_not_found(router: Router, path: str) -> None:
    assert find(router, path)[0] == "not found"


@pytest.mark.parametrize(
    ("path", "name", "prefix"),
    [
        ("/ucwa/v1/x", "below", "/ucwa/v1"),
        ("//UCWA/oauth/v1/x", "below", "/ucwa/oauth/v1"),
        ("/ucwa/v1", "below", "/ucwa/v1"),
        ("/ucwa/v1/%", "below", "/ucwa/v1"),
        ("/ucwa/v11/x", "not found", "/ucwa/v1"),
        ("/x/ucwa/v1/x", "not found", "/ucwa/v1"),
    ],
)
def test_not_found_resource_can_differ_below_the_prefixes(path: str, name: str, prefix: str) -> None:
    router = Router(Named("not found"), not_found_in_ucwa=Named("below"))
    found = router.find(path.encode())
    assert (found.resource.rel, found.names, found.template, found.prefix) == (name, {}, None, prefix)


@pytest.mark.parametrize("spelling", ["onlineMeetingExtensions", "extensions", "EXTENSIONS"])
def test_alias_leads_to_the_same_resource(router: Router, spelling: str) -> None:
    path = f"/ucwa/v1/applications/1/onlineMeetings/myOnlineMeetings/AB/{spelling}"
    assert find(router, path)[0] == EXTENSIONS


def test_alias_is_accepted_only_in_place_of_its_name(router: Router) -> None:
    policies = "/ucwa/v1/applications/{application_id}"
    assert find(router, "/ucwa/v1/applications/1/policies")[0] == f"{policies}/policies"
    found = find(router, "/ucwa/v1/applications/1/onlineMeetings/policies")[0]
    assert found == f"{policies}/onlineMeetings/onlineMeetingPolicies"


def test_fixed_segment_takes_precedence_over_a_parameter(router: Router) -> None:
    people = "/ucwa/v1/applications/{application_id}/people"
    assert find(router, "/ucwa/v1/applications/1/people/SEARCH")[0] == f"{people}/search"
    name, names, _ = find(router, "/ucwa/v1/applications/1/people/search/note")
    assert name == f"{people}/{{contact}}/note"
    assert names == {"application_id": "1", "contact": "search"}


def test_template_can_be_added_once() -> None:
    router = Router(Named("not found"), {"stop": ["terminate"]})
    router.add_route("/a/{one}", Named("a"))
    with pytest.raises(ValueError, match="taken"):
        router.add_route("/A/{other}", Named("b"))
    router.add_route("/terminate", Named("c"))
    with pytest.raises(ValueError, match="alias"):
        router.add_route("/stop", Named("d"))
