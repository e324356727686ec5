"""Entries as CloudEvents 1.0, in the JSON format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from domain.entries import instant, read
from service.log.appends import Sealed

ONE: Final = "application/cloudevents+json"
"""The media type of one event."""
BATCH: Final = "application/cloudevents-batch+json"
"""The media type of a list of events."""


def cloud_event(one: Sealed, origin: str) -> str:
    """An entry of the log of that origin as a CloudEvent; its data is the entry to the byte."""
    entry = read(one.entry)
    subject = f"decision:{entry.decision}"
    if entry.number and entry.mentions:
        first = entry.mentions[0]
        subject = f"{first.kinds[0]}:{first.id}"
    attributes = {
        "specversion": "1.0",
        "id": str(one.position),
        "source": quote(origin, safe="/:@!$&'()*,;=~"),
        "type": f"curule.{one.type}.v{json.loads(one.entry)['version']}",
        "subject": subject,
        "time": instant(one.recorded_at),
        "sequence": f"{one.position:019}",  # in the order of letters, as the extension wants it
        "datacontenttype": "application/json",
    }
    return f'{json.dumps(attributes)[:-1]}, "data": {one.entry.decode()}}}'


def cloud_events(some: Iterable[Sealed], origin: str) -> str:
    """Entries as a batch."""
    return f"[{', '.join(cloud_event(one, origin) for one in some)}]"
