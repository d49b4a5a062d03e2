"""The users of the tests, by their URIs."""

LENE = "sip:lenea@contoso.com"
DANA = "sip:danab@contoso.com"
ERIK = "sip:erik@contoso.com"
ALEX = "sip:alexd@contoso.com"
