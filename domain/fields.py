"""The scalar fields that acts and decisions are made of.

A field's type says what it means (`BodyId`, `Day`, `Text` …). Each carries a marker that pydantic
understands without this package knowing pydantic, and that the domain itself reads: which ids an
act mentions, which it creates, which texts are personal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from domain.dates import window

ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_PLAIN_PATTERN: Final = r"^[^\u0000-\u001f\u007f]+$"
_TEXT_PATTERN: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]+$"

Kind = Literal[
    "person",
    "body",
    "post",
    "election",
    "meeting",
    "resolution",
    "declaration",
    "mandate",
    "rule",
    "sanction",
    "decision",
    "key",
]
PERSONAL: Final = "x-personal"
"""What the schemas of personal texts say of them: the log holds their commitments alone."""

Schema = dict[str, Any]
Handler = Callable[[Any], Schema]


@dataclass(frozen=True, slots=True)
class Mention:
    """The field names a subject of one of these kinds; with `creates`, the act establishes it.

    `tag` says how the entry is found by it: among the subject's own (`body:x`), among what stands
    within it (`within:x`), or among what merely names it (`named:body:x`), so that reading a
    body's life does not read, nor wait for, everything that points to it.
    """

    kinds: tuple[Kind, ...]
    creates: bool = False
    tag: Literal["own", "within", "named"] = "own"

    def tags(self, subject: str) -> tuple[str, ...]:
        """The tags under which an entry with this id in this field is found."""
        if self.tag == "within":
            return (f"within:{subject}",)
        prefix = "named:" if self.tag == "named" else ""
        return tuple(f"{prefix}{kind}:{subject}" for kind in self.kinds)

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {"type": "str", "pattern": ID_PATTERN}

    def __get_pydantic_json_schema__(self, schema: Schema, handler: Handler) -> Schema:
        return {**handler(schema), "examples": [f"a-{self.kinds[0]}"]}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text in clear: a code, or the name or label of a body or a post."""

    pattern: str
    max_length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {"type": "str", "pattern": self.pattern, "max_length": self.max_length}


@dataclass(frozen=True, slots=True)
class Personal:
    """A text that never enters the log in clear; the entry holds a `Commitment` in its place."""

    pattern: str
    max_length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {"type": "str", "pattern": self.pattern, "max_length": self.max_length}

    def __get_pydantic_json_schema__(self, schema: Schema, handler: Handler) -> Schema:
        return {**handler(schema), PERSONAL: True}


@dataclass(frozen=True, slots=True)
class Edtf:
    """A day of the effective clock, as an EDTF text."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": _checked_day},
            "schema": {"type": "str", "max_length": 64},
        }

    def __get_pydantic_json_schema__(self, schema: Schema, handler: Handler) -> Schema:
        return {
            "type": "string",
            "format": "edtf",
            "examples": ["2025-01-30", "2012-04~", "[..2025-01-23]"],
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer within bounds; nothing else passes for one."""

    least: int
    most: int = 2**53 - 1

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {"type": "int", "ge": self.least, "le": self.most}


@dataclass(frozen=True, slots=True)
class AtLeastOne:
    """The list has at least one item."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Handler) -> Schema:
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": _not_empty},
            "schema": handler(source),
        }

    def __get_pydantic_json_schema__(self, schema: Schema, handler: Handler) -> Schema:
        return {**handler(schema["schema"]), "minItems": 1}


DIGEST: Final = 43
"""Characters of a commitment's digest; those of a document's SHA-256, in hexadecimal, are more."""


class Commitment(str):
    """What an entry holds in place of a personal text: the digest of its salted disclosure."""

    __slots__ = ()


def _not_empty(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise ValueError("give at least one")
    return items


def _checked_day(text: str) -> str:
    window(text)
    return text


PersonId = Annotated[str, Mention(("person",))]
BodyId = Annotated[str, Mention(("body",))]
PostId = Annotated[str, Mention(("post",))]
ElectionId = Annotated[str, Mention(("election",))]
MeetingId = Annotated[str, Mention(("meeting",))]
ResolutionId = Annotated[str, Mention(("resolution",))]
MandateId = Annotated[str, Mention(("mandate",))]
RuleId = Annotated[str, Mention(("rule",))]
SanctionId = Annotated[str, Mention(("sanction",))]
WithinId = Annotated[str, Mention(("body",), tag="within")]
NamedPersonId = Annotated[str, Mention(("person",), tag="named")]
NamedBodyId = Annotated[str, Mention(("body",), tag="named")]
NamedPostId = Annotated[str, Mention(("post",), tag="named")]
NamedElectionId = Annotated[str, Mention(("election",), tag="named")]
NamedMeetingId = Annotated[str, Mention(("meeting",), tag="named")]
NamedResolutionId = Annotated[str, Mention(("resolution",), tag="named")]
NamedMandateId = Annotated[str, Mention(("mandate",), tag="named")]
NamedBodyOrPostId = Annotated[str, Mention(("body", "post"), tag="named")]
NewPersonId = Annotated[str, Mention(("person",), creates=True)]
NewBodyId = Annotated[str, Mention(("body",), creates=True)]
NewPostId = Annotated[str, Mention(("post",), creates=True)]
NewElectionId = Annotated[str, Mention(("election",), creates=True)]
NewMeetingId = Annotated[str, Mention(("meeting",), creates=True)]
NewResolutionId = Annotated[str, Mention(("resolution",), creates=True)]
NewDeclarationId = Annotated[str, Mention(("declaration",), creates=True)]
NewMandateId = Annotated[str, Mention(("mandate",), creates=True)]
NewRuleId = Annotated[str, Mention(("rule",), creates=True)]
NewSanctionId = Annotated[str, Mention(("sanction",), creates=True)]
DecisionId = Annotated[str, Mention(("decision",))]
NamedDecisionId = Annotated[str, Mention(("decision",), tag="named")]
NewKeyId = Annotated[str, Mention(("key",), creates=True)]
KeyId = Annotated[str, Mention(("key",))]
NamedRuleId = Annotated[str, Mention(("rule",), tag="named")]

Code = Annotated[str, Plain(ID_PATTERN, 64)]
Label = Annotated[str, Plain(_PLAIN_PATTERN, 500)]
Digest = Annotated[str, Plain("^[A-Za-z0-9_-]{43}$", 43)]
Sha256 = Annotated[str, Plain("^[0-9a-f]{64}$", 64)]
Name = Annotated[str, Personal(_PLAIN_PATTERN, 500)]
Text = Annotated[str, Personal(_TEXT_PATTERN, 50_000)]
Day = Annotated[str, Edtf()]
ExactDay = Annotated[str, Plain("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 10)]
Count = Annotated[int, Whole(0)]
Ordinal = Annotated[int, Whole(1)]
Integer = Annotated[int, Whole(-(2**53) + 1)]
