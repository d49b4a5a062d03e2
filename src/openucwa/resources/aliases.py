"""Other spellings of the paths of resources."""

#: Further spellings of fixed segments that clients use (docs/protocol.md, "Aliases").
ALIASES = {
    "onlineMeetingExtensions": ("extensions",),
    "onlineMeetingDefaultValues": ("defaultValues",),
    "onlineMeetingEligibleValues": ("eligibleValues",),
    "onlineMeetingInvitationCustomization": ("customInvitation",),
    "onlineMeetingPolicies": ("policies",),
    "applications": ("anonApplications",),
    "messages": ("sendMessage",),
    "terminate": ("stopMessaging",),
    "typing": ("setIsTyping",),
    "presence": ("contactPresence",),
    "note": ("contactNote",),
    "location": ("contactLocation",),
    "supportedMedia": ("contactSupportedModalities",),
    "presenceSubscriptionMemberships": ("memberships", "addToPresenceSubscription"),
    "contacts": ("myContacts",),
    "groups": ("myGroups",),
    "groupMemberships": ("myGroupMemberships",),
    "contactsAndGroupsSubscription": ("myContactsAndGroupsSubscription",),
    "privacyRelationships": ("myPrivacyRelationships",),
    "privacyRelationship": ("contactPrivacyRelationship",),
    "messagingInvitations": ("startMessaging",),
    "onlineMeetingInvitations": ("joinOnlineMeeting",),
}
