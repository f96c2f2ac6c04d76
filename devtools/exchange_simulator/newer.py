"""What each version of the schema brought: a request that uses it with an older RequestServerVersion is refused.

Sources: PROTOCOL 1.1, 1.2, 4.1, 4.2, 7.1; the "introduced in" lines of wsr. FieldURIs of items are in properties.py too.
"""

from lxml import etree

from devtools.exchange_simulator.soap import Element, SoapFault
from devtools.exchange_simulator.versions import at_least

_ELEMENTS = {
    "Exchange2010": "TimeZoneContext FilterHtmlContent SyncScope QueryString",
    "Exchange2010_SP1": "FirstDayOfWeek StreamingSubscriptionRequest",
    "Exchange2010_SP2": "DateTimePrecision",
    "Exchange2013": """ManagementRole CallerData MaximumBodySize UniqueBodyType NormalizedBodyType
        InlineImageUrlTemplate BlockExternalImages AddBlankTargetToLinks""",
    "Exchange2013_SP1": "ProposedStart ProposedEnd",
}
_ATTRIBUTES = {"Exchange2013_SP1": "SuppressReadReceipts"}
_FIELDS = {
    "Exchange2010": "item:ConversationId item:UniqueBody item:IsAssociated",
    "Exchange2013": """item:Flag item:InstanceKey item:NormalizedBody item:Preview item:TextBody item:StoreEntryId
        item:EntityExtractionResult calendar:StartWallClock calendar:EndWallClock calendar:StartTimeZoneId
        calendar:EndTimeZoneId""",
    "Exchange2016": "item:DisplayBcc",
}
_EVENTS = {"Exchange2010_SP1": "FreeBusyChangedEvent"}
_FOLDERS = {"Exchange2010_SP1": "archiveroot archivemsgfolderroot archivedeleteditems archiverecoverableitemsroot"}


def _since(table: dict[str, str]) -> dict[str, str]:
    return {name: version for version, names in table.items() for name in names.split()}


_SINCE = {
    "element": _since(_ELEMENTS),
    "attribute": _since(_ATTRIBUTES),
    "FieldURI": _since(_FIELDS),
    "EventType": _since(_EVENTS),
    "DistinguishedFolderId": _since(_FOLDERS),
}


def check(body: Element, version: str) -> None:
    """Raise the fault for anything in the whole envelope that is newer than its version."""
    for element in body.getroottree().getroot().iter(tag=etree.Element):
        name = etree.QName(element).localname
        for kind, used in (
            ("element", name),
            *(("attribute", str(attribute)) for attribute in element.attrib),
            ("FieldURI", element.get("FieldURI") or ""),
            ("EventType", (element.text or "").strip() if name == "EventType" else ""),
            ("DistinguishedFolderId", (element.get("Id") or "") if name == "DistinguishedFolderId" else ""),
        ):
            since = _SINCE[kind].get(used)
            if since is not None and not at_least(version, since):
                raise SoapFault("ErrorIncorrectSchemaVersion", f"{used} is newer than the request's version {version}.")
