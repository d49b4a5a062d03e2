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


def test_all_spellings_of_a_user_with_a_domain_are_slowed_down_together() -> None:
    spellings = ("lene@contoso.com", "sip:lene@contoso.com", "CONTOSO\\lene", "contoso.com\\lene")
    assert {Login.parse(text).throttle_key for text in spellings} == {"lene@contoso"}
