"""The scopes that a token may have (UCWA: Azure Active Directory scopes for online applications)."""

USER = "User.ReadWrite"
CONTACTS = "Contacts.ReadWrite"
INITIATE = "Conversations.Initiate"
RECEIVE = "Conversations.Receive"
MEETINGS = "Meetings.ReadWrite"
#: What each lets an application do.
DESCRIPTIONS = {
    USER: "Read and change the user's own data: presence, note, how to be reached.",
    CONTACTS: "Read and change contacts and groups.",
    INITIATE: "Start conversations and join meetings; read and change the extensions of a meeting.",
    RECEIVE: "Receive invitations to conversations; read and change the extensions of a meeting.",
    MEETINGS: "Create, read, change and delete the user's meetings.",
}
ANY_SCOPE = frozenset(DESCRIPTIONS)
CONVERSATION_SCOPES = frozenset({INITIATE, RECEIVE})

#: In a request for a token: every scope.
ALL = "all"
