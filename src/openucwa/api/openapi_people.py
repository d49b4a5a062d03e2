"""The properties and links of the resources of people, for the API description (`openapi_resources.py`)."""

from collections.abc import Mapping

from openucwa.api.openapi_shape import Shape

_PERSON = (
    "company:string department:string emailAddresses:[string] homePhoneNumber:string mobilePhoneNumber:string "
    "name:string otherPhoneNumber:string title:string uri:string workPhoneNumber:string"
)
_GROUP = Shape("id:string name:string", "groupContacts subscribeToGroupPresence")
_NOTE = Shape("message:string type:NoteType")
_LOCATION = Shape("location:string")

PEOPLE: Mapping[str, Shape] = {
    "contact": Shape(
        f"{_PERSON} etag:string office:string sourceNetwork:string sourceNetworkIconUrl:string type:string",
        "contactLocation contactNote contactPhoto contactPresence contactPrivacyRelationship "
        "contactSupportedModalities",
    ),
    "contactLocation": _LOCATION,
    "contactNote": _NOTE,
    "contactPresence": Shape("activity:string availability:Availability deviceType:ContactDeviceType lastActive:date"),
    "contactPrivacyRelationship": Shape(
        "relationshipLevel:PrivacyRelationshipLevel", "resetContactPrivacyRelationship", puttable=True
    ),
    "contactSupportedModalities": Shape("modalities:[ModalityType]"),
    "defaultGroup": _GROUP,
    "delegatesGroup": _GROUP,
    "delegatorsGroup": _GROUP,
    "group": Shape(
        "id:string name:string uri:string",
        "addToContactList expandDistributionGroup groupContacts removeFromContactList subscribeToGroupPresence",
        "contact* distributionGroup*:group",
        puttable=True,
        also="distributionGroup",
    ),
    "groupMemberships": Shape(embedded="myGroupMembership*"),
    "location": _LOCATION,
    "me": Shape(
        f"{_PERSON} endpointUri:string officeLocation:string",
        "callForwardingSettings location makeMeAvailable note phones photo presence reportMyActivity",
    ),
    "myContacts": Shape(links="contact*", embedded="contact*", also="groupContacts"),
    "myContactsAndGroupsSubscription": Shape(
        "state:string", "startOrRefreshSubscriptionToContactsAndGroups stopSubscriptionToContactsAndGroups"
    ),
    "myGroupMembership": Shape(links="contact defaultGroup delegatesGroup group pinnedGroup"),
    "myGroupMemberships": Shape(embedded="myGroupMembership*"),
    "myGroups": Shape(
        links="defaultGroup delegatesGroup delegatorsGroup group* myOrganizationGroup pinnedGroup",
        embedded="defaultGroup delegatesGroup delegatorsGroup distributionGroup*:group group* myOrganizationGroup "
        "pinnedGroup",
    ),
    "myPrivacyRelationship": Shape("relationshipLevel:PrivacyRelationshipLevel", "contact*"),
    "myPrivacyRelationships": Shape(embedded="myPrivacyRelationship*"),
    "note": _NOTE,
    "people": Shape(
        links="myContacts myContactsAndGroupsSubscription myGroupMemberships myGroups myPrivacyRelationships "
        "presenceSubscriptionMemberships presenceSubscriptions search subscribedContacts"
    ),
    "pinnedGroup": _GROUP,
    "presence": Shape("activity:string availability:Availability"),
    "presenceSubscription": Shape("id:string", "addToPresenceSubscription memberships"),
    "presenceSubscriptionMembership": Shape(links="contact presenceSubscription"),
    "presenceSubscriptionMemberships": Shape(embedded="presenceSubscriptionMembership*"),
    "presenceSubscriptions": Shape(embedded="presenceSubscription*"),
    "search": Shape("moreResultsAvailable:boolean", embedded="contact* distributionGroup*:group"),
    "subscribedContacts": Shape(links="contact*"),
}
