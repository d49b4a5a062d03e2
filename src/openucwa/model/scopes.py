"""The scopes that a token may have (UCWA: Azure Active Directory scopes for online applications)."""

USER = "User.ReadWrite"
CONTACTS = "Contacts.ReadWrite"
INITIATE = "Conversations.Initiate"
RECEIVE = "Conversations.Receive"
MEETINGS = "Meetings.ReadWrite"
ANY_SCOPE = frozenset({USER, CONTACTS, INITIATE, RECEIVE, MEETINGS})
CONVERSATION_SCOPES = frozenset({INITIATE, RECEIVE})

#: In a request for a token: every scope.
ALL = "all"
