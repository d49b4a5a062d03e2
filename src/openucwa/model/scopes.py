"""The scopes that a token may have (UCWA: Azure Active Directory scopes for online applications)."""

USER = "User.ReadWrite"
CONTACTS = "Contacts.ReadWrite"
INITIATE = "Conversations.Initiate"
RECEIVE = "Conversations.Receive"
MEETINGS = "Meetings.ReadWrite"
#: What each lets an application do.
DESCRIPTIONS = {
    USER: "Read and change the user's own data: presence, note, location, phones.",
    CONTACTS: "Read and change contacts and groups.",
    INITIATE: "Start conversations and join meetings; read, change and delete meetings and their extensions.",
    RECEIVE: "Receive invitations and see participants; read, change and delete meetings and their extensions.",
    MEETINGS: "List the user's meetings, schedule and start new ones. "
    "Reading, changing or deleting a meeting requires a Conversations scope.",
}
ANY_SCOPE = frozenset(DESCRIPTIONS)
CONVERSATION_SCOPES = frozenset({INITIATE, RECEIVE})

#: In a request for a token: every scope.
ALL = "all"
