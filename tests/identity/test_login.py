"""The spellings of a user name."""

import pytest

from openucwa.identity.login import Login


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("lene", Login("lene", "lene", "", whole=False)),
        ("Lene@Contoso.com", Login("lene@contoso.com", "lene", "contoso.com", whole=True)),
        (" sip:lene@contoso.com ", Login("lene@contoso.com", "lene", "contoso.com", whole=True)),
        ("CONTOSO\\lene", Login("lene", "lene", "contoso", whole=False)),
        ("contoso.com\\lene", Login("lene", "lene", "contoso.com", whole=False)),
    ],
)
def test_spellings(text: str, login: Login) -> None:
    assert Login.parse(text) == login


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("lene", True),
        ("lene@contoso.com", True),
        ("lene@contoso", False),
        ("lene@", False),
        ("CONTOSO\\lene", True),
        ("contoso.com\\lene", True),
        ("CONT\\lene", False),
        ("lene@fabrikam.com", False),
    ],
)
def test_domain_of_a_login_fits_a_users(text: str, fits: bool) -> None:
    assert Login.parse(text).fits("contoso.com") is fits


def test_all_spellings_of_a_user_with_a_domain_are_throttled_together() -> None:
    spellings = ("lene@contoso.com", "sip:lene@contoso.com", "CONTOSO\\lene", "contoso.com\\lene")
    assert {Login.parse(text).throttle_key() for text in spellings} == {"lene@contoso"}


def test_spellings_without_a_domain_count_where_a_directory_accepts_them() -> None:
    spellings = ("lene", "lene@contoso.com", "sip:Lene@contoso.com", "CONTOSO\\lene", "CORP\\lene", "lene@fabrikam.com")
    assert len({Login.parse(text).throttle_key(("contoso.com", "fabrikam.com")) for text in spellings}) == 1
    assert Login.parse("lene@elsewhere.org").throttle_key(("contoso.com",)) == "lene@elsewhere"


@pytest.mark.parametrize("spelling", ["\uff4cene", "le\u00adne", "l\u200bene", "l\u00e9n\u00e8", "le ne", "LENE\u0000"])
def test_spellings_that_directories_consider_equal_are_throttled_together(spelling: str) -> None:
    assert Login.parse(spelling).throttle_key() == Login.parse("lene").throttle_key()
