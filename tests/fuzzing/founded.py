"""A ledger in which the ids of the document's examples stand for something."""

from __future__ import annotations

from typing import Any, Final

from tests.ledgers import act

DAY: Final = "2025-01-30"

FOUNDED: Final[dict[str, Any]] = {
    "id": "a-decision",
    "title": "The founding",
    "date": DAY,
    "vote": {"eligible": 12, "cast": 11, "counts": [{"option": "for", "value": 11}]},
    "sources": [{"title": "Minutes", "url": "https://example.org/minutes", "published": "2025-02"}],
    "acts": [
        act("body.established", DAY, body="a-body", name="Society", classification="association"),
        act("post.created", DAY, post="a-post", body="a-body", label="Chair", seats=1, voting=True),
        act("person.registered", DAY, person="a-person", name="Ada Example", note="First of all."),
        act("person.registered", DAY, person="another", name="Bo Example"),
        act("meeting.scheduled", DAY, meeting="a-meeting", body="a-body", name="First", opens=DAY),
        act("meeting.convened", DAY, meeting="a-meeting", opens=DAY),
        act(
            "election.held",
            DAY,
            election="a-election",
            meeting="a-meeting",
            contests=[{"post": "a-post", "elected": ["a-person"]}],
        ),
        act("membership.started", DAY, person="another", body="a-body", role="delegate"),
        act("mandate.granted", DAY, mandate="a-mandate", holder="a-body", power="establish"),
        act("rule.adopted", DAY, rule="a-rule", kind="size", parameters={"least": 3}),
        act("resolution.adopted", DAY, resolution="a-resolution", items=["Books are free."]),
        act("declaration.made", DAY, declaration="a-declaration", items=["We read."]),
        act("sanction.imposed", DAY, sanction="a-sanction", person="another", kind="warning"),
        act("remark.made", person="a-person", text="She was there."),
    ],
}
"""The founding of a society: one of everything that has an id."""
