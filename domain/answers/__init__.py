"""Answers: what is asked for, as it is answered.

Their members are the answers' JSON members, and what is written under them is the reference.
"""

from domain.answers.changes import CauseInFull, Change, Part, What
from domain.answers.charter import Finding, Mandate, Resolution, Rule, RuleVersion, Subject
from domain.answers.elections import (
    Called,
    Counted,
    Elected,
    Election,
    Filled,
    Standing,
    Turn,
    Unseated,
)
from domain.answers.facts import Alternative, Cause, Link, Name, OtherName, Remark
from domain.answers.history import Belief, Bounds, Fact, Point
from domain.answers.meetings import Attendance, Days, Meeting, Participant, Plan, Previous, Sitting
from domain.answers.people import (
    Affiliation,
    Appeal,
    Attended,
    Candidacy,
    Membership,
    Person,
    PersonInFull,
    Sanction,
    Tenure,
)
from domain.answers.structure import Body, BodyInFull, Holder, Line, Post, PostInFull

__all__ = [
    "Affiliation",
    "Alternative",
    "Appeal",
    "Attendance",
    "Attended",
    "Belief",
    "Body",
    "BodyInFull",
    "Bounds",
    "Called",
    "Candidacy",
    "Cause",
    "CauseInFull",
    "Change",
    "Counted",
    "Days",
    "Elected",
    "Election",
    "Fact",
    "Filled",
    "Finding",
    "Holder",
    "Line",
    "Link",
    "Mandate",
    "Meeting",
    "Membership",
    "Name",
    "OtherName",
    "Part",
    "Participant",
    "Person",
    "PersonInFull",
    "Plan",
    "Point",
    "Post",
    "PostInFull",
    "Previous",
    "Remark",
    "Resolution",
    "Rule",
    "RuleVersion",
    "Sanction",
    "Sitting",
    "Standing",
    "Subject",
    "Tenure",
    "Turn",
    "Unseated",
    "What",
]
