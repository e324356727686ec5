"""Writes the reference of the acts, the problems and the facts: `python -m docs.generate`.

They follow from what is there already: the docstrings of the domain, the story in
`acts.examples.json`, the problems of the service, and the questions of the examples.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import httpx
from pydantic import TypeAdapter

from domain import fields as forms
from domain.acts import ACTS, SERVICE_ACTS, Act, ActOf, Source, StructureAct, Vote
from domain.decisions import Decision
from service import examples
from service.problems import KINDS, MEDIA_TYPE, PARAMETER, TYPES

DOCS: Final = Path(__file__).resolve().parent
STORY: Final = DOCS / "acts.examples.json"

TITLES: Final = {
    "provincial-year": "A province in its first year (invented)",
    "steering-council": "Python's Steering Council (PEP 13, and the elections of PEP 8100 to 8107)",
}
"""What an example is about, where the title of its first source does not say it."""

_WRITTEN: Final = "<!-- Written by `make docs`. Do not edit: it is written anew. -->"


def documents() -> dict[Path, str]:
    """Every generated document by the file that holds it."""
    return {
        DOCS / "acts.md": acts(),
        DOCS / "problems.md": problems(),
        DOCS / "facts.md": facts(),
    }


def story() -> list[dict[str, Any]]:
    """The decisions of the story that the examples of the acts are taken from."""
    told: list[dict[str, Any]] = json.loads(STORY.read_bytes())
    return told


def example(type_: str) -> dict[str, Any]:
    """The first act of a type in the story."""
    return next(act for decision in story() for act in decision["acts"] if act["type"] == type_)


# The problems


def problems() -> str:
    """The table of every problem."""
    rows = "\n".join(
        f"| `{kind.name}` | {kind.status} | {kind.title}. {kind.when} | {kind.remedy} |"
        for kind in KINDS
    )
    return f"""{_WRITTEN}

# Problems

Whatever goes wrong is told by a problem document (RFC 9457) of the media type `{MEDIA_TYPE}`:

```json
{{
  "type": "{TYPES}{PARAMETER.name}",
  "title": "{PARAMETER.title}",
  "status": {PARAMETER.status},
  "detail": "limit: Input should be less than or equal to 500",
  "errors": [
    {{"parameter": "limit", "message": "Input should be less than or equal to 500"}}
  ]
}}
```

`type` is `{TYPES}` and a name from this table. Types do not change; new ones may
come, so that a client treats one that it does not know by its `status`. `detail` is for people.
`violations` lists the rules that a decision breaks, `errors` the fields (by JSON pointer) or the
parameters that are wrong: the first 100 of them, `detail` has the number.

With 408, 429 and 503 comes a `Retry-After` in seconds: nothing is wrong with the request, and it
may be sent again. A decision that has an id is recorded once, however often it is sent. With 405
comes `Allow`.

| type | status | when | what to do |
|---|---|---|---|
{rows}
"""


# The acts


def acts() -> str:
    """The reference of every act, from the docstrings."""
    groups = [(module, tuple(g)) for module, g in groupby(ACTS.values(), lambda a: a.__module__)]
    return _lines(
        "# Acts",
        _WRITTEN,
        "A decision brings about one or more acts. This page describes the decision, and every "
        "act that it may hold. `POST /v1/decisions` records a decision; a field that is not "
        "described here is refused. Absent and null are the same.",
        "The examples tell one invented story, of a garden society. "
        "[acts.examples.json](acts.examples.json) holds it in full: an empty ledger accepts its "
        "decisions in their order.",
        *_forms(),
        "## Decision",
        *_described(Decision),
        *_example(_richest(story())),
        *(part for each in (Vote, Source) for part in _section(each)),
        "## Every act",
        "Every act has these fields, beside its own and unless its own table says otherwise:",
        _table(
            ("field", "form", "required", "meaning"),
            [
                ("`type`", "the stored name of the act", "yes", _meanings(Act)["type"]),
                *_rows(StructureAct, {"effective"}),
                *_rows(Act, {"note", "corrects"}),
            ],
        ),
        "An act can be retracted, unless it acts on the record alone: its description then says "
        "so. A mistake is corrected in one decision, which retracts the entry and records the act "
        "anew. Its acts, in the story:",
        *_example(_correction(story())),
        *_section(ActOf),
        "## All acts",
        _table(
            ("act", "meaning", "can be retracted"),
            [
                (_link(f"`{name}`", name), _paragraphs(act)[0], _yes(_retractable(act)))
                for name, act in ACTS.items()
            ],
        ),
        *(part for module, members in groups for part in _group(module, members)),
        "## Acts of the service",
        "These acts stand in the log as the others do, but the service alone records them. "
        "`POST /v1/decisions` knows no such type, and none of them can be retracted.",
        *(part for name in SERVICE_ACTS for part in _act_of_the_service(name)),
    )


def _group(module: str, members: Sequence[type[Act]]) -> Iterator[str]:
    """The acts of one module, then the objects that it describes."""
    yield f"## {module.rpartition('.')[2].capitalize()}"
    yield inspect.cleandoc(sys.modules[module].__doc__ or "")
    for act in members:
        yield from _act(act)
    for part in _parts():
        if part.__module__ == module:
            yield from _section(part)


def _act(act: type[Act]) -> Iterator[str]:
    name = next(name for name, each in ACTS.items() if each is act)
    yield f"### `{name}`"
    own = {each.name for each in fields(act)} - {"type", "note", "corrects"}
    if _retractable(act):
        own -= {"effective"}
    yield from _described(act, own)
    if not _retractable(act):
        yield "It cannot be retracted."
    yield from _example(example(name))


_EVERY: Final = {"type", "effective", "note", "corrects"}


def _act_of_the_service(name: str) -> Iterator[str]:
    act = SERVICE_ACTS[name]
    yield f"### `{name}`"
    yield from _described(act, {each.name for each in fields(act)} - _EVERY)


def _section(cls: type) -> Iterator[str]:
    yield f"### {cls.__name__}"
    yield from _described(cls)


def _described(cls: type, names: Iterable[str] | None = None) -> Iterator[str]:
    """What a class means, its fields, and what it asks of them together."""
    yield from _paragraphs(cls)
    rows = list(_rows(cls, names))
    yield _table(("field", "form", "required", "meaning"), rows)
    for demand in re.findall(r'ValueError\("([^"]+)"\)', inspect.getsource(cls)):
        yield f"Otherwise refused: *{demand}*."


def _rows(cls: type, names: Iterable[str] | None = None) -> Iterator[tuple[str, ...]]:
    meanings, hints = _meanings(cls), get_type_hints(cls, include_extras=True)
    for each in fields(cls):
        if names is None or each.name in names:
            form = _form(hints[each.name])
            yield f"`{each.name}`", form, _yes(_required(each)), meanings[each.name]


def _meanings(cls: type) -> dict[str, str]:
    """What is written under each field of a class."""
    properties = TypeAdapter(cls).json_schema()["properties"]
    return {name: each.get("description", "") for name, each in properties.items()}


def _paragraphs(cls: type) -> list[str]:
    paragraphs = (inspect.getdoc(cls) or "").split("\n\n")
    return [" ".join(each.split()) for each in paragraphs]


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING


def _retractable(act: type[Act]) -> bool:
    return issubclass(act, StructureAct)


def _parts() -> list[type]:
    """The objects that acts are made of, each once, in the order in which they are met."""
    found: dict[type, None] = {}
    waiting: list[Any] = [*ACTS.values(), Decision]
    while waiting:
        for hint in get_type_hints(waiting.pop(0), include_extras=True).values():
            for each in _classes(hint):
                if each not in found and not issubclass(each, Act):
                    found[each] = None
                    waiting.append(each)
    return list(found)


def _classes(hint: Any) -> Iterator[type]:
    if is_dataclass(hint) and isinstance(hint, type):
        yield hint
    elif hasattr(hint, "__metadata__"):
        yield from _classes(hint.__origin__)
    elif get_origin(hint) in (tuple, Union, UnionType):
        for inner in get_args(hint):
            yield from _classes(inner)


def _richest(decisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The shortest of the decisions that say the most about themselves."""
    return max(decisions, key=lambda decision: (len(decision), -len(decision["acts"])))


def _correction(decisions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    corrections = (each["acts"] for each in decisions if any("corrects" in a for a in each["acts"]))
    return next(corrections)


# The forms of fields


_FORMS: Final = """\
What the forms in the tables mean:

- **id**: 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or a digit. What it names is
  created in the same decision or was before. Bodies and posts share their ids.
- **new id**: the act creates what the id names. Left out, the ledger gives an id. Ids stay in clear
  for ever: the id of a person must say nothing about the person.
- **EDTF day**: a day, known or not quite. `2025-01-30`, `2012-04`, `2007`; `2012-04~` (about then:
  up to a month earlier or later), `2012-04?` (doubtful), `2012-04%` (both); `[..2025-01-23]` (on or
  before), `[2025-01-23..]` (on or after), `[2013-01-01..2013-01-18]` (one of these days).
- **code**: a word of your own choosing, written like an id.
- **text in clear**: one line of at most {label} characters. The log holds it.
- **name, text (stored as a commitment)**: personal or free text. A name is one line of at most
  {name} characters, a text has at most {text}. The log holds a commitment, the vault the text: with
  the person that the object around it names, or else with the decision."""


def _forms() -> Iterator[str]:
    yield "## Forms"
    label, name, text = (_longest(each) for each in (forms.Label, forms.Name, forms.Text))
    yield _FORMS.format(label=label, name=name, text=text)


def _longest(form: Any) -> str:
    (mark,) = form.__metadata__
    return f"{mark.max_length:,}"


def _form(hint: Any) -> str:
    """The form of a field, in words."""
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return ", or ".join(_words(each)[0] for each in choices if each is not NoneType)


def _words(hint: Any) -> tuple[str, str]:
    """The form of one value in words, and of several."""
    if get_origin(hint) is tuple:
        return f"list of {_words(get_args(hint)[0])[1]}", ""
    if get_origin(hint) is Literal:
        return f"one of {', '.join(f'`{each}`' for each in get_args(hint))}", ""
    for mark in getattr(hint, "__metadata__", ()):
        match mark:
            case forms.AtLeastOne():
                return f"{_words(hint.__origin__)[0]}, at least one", ""
            case forms.Mention():
                return _id(mark)
            case forms.Edtf():
                return "EDTF day", "EDTF days"
            case forms.Whole():
                return _whole(mark)
            case forms.Personal() | forms.Plain():
                return _TEXTS[mark]
    if hint is bool:
        return "`true` or `false`", ""
    cls = getattr(hint, "__origin__", hint)
    if cls is Act:
        return "[act](#every-act)", "[acts](#every-act)"
    return _link(cls.__name__, cls.__name__), _link(cls.__name__, cls.__name__)


def _id(mark: forms.Mention) -> tuple[str, str]:
    one = " or ".join(f"{'an' if each[0] in 'aeiou' else 'a'} {each}" for each in mark.kinds)
    many = " or ".join(f"{each[:-1]}ies" if each[-1] == "y" else f"{each}s" for each in mark.kinds)
    return f"{'new id' if mark.creates else 'id'} of {one}", f"ids of {many}"


def _whole(mark: forms.Whole) -> tuple[str, str]:
    least = f" from {mark.least}" if mark.least >= 0 else ""
    return f"whole number{least}", f"whole numbers{least}"


def _marked(form: Any) -> Any:
    return form.__metadata__[0]


_TEXTS: Final[dict[Any, tuple[str, str]]] = {
    _marked(forms.Code): ("code", "codes"),
    _marked(forms.Label): ("text in clear", "texts in clear"),
    _marked(forms.Digest): ("digest", "digests: SHA-256 in base64url"),
    _marked(forms.ExactDay): ("plain day", ""),
    _marked(forms.Sha256): ("SHA-256 in hexadecimal", ""),
    _marked(forms.Name): ("name (stored as a commitment)", "names (stored as commitments)"),
    _marked(forms.Text): ("text (stored as a commitment)", "texts (stored as commitments)"),
}


# The facts


def facts() -> str:
    """Every question of the examples with its right answer."""
    return _lines(
        "# Facts",
        _WRITTEN,
        "Questions that an auditor would ask about the organisations of the examples, and their "
        "right answers. The facts are claims of the sources that each decision cites: Curule "
        "repeats them and vouches for none. `make test` records every example and asks every "
        "question over HTTP.",
        "A row is named after a source and the number of its fact; an empty fact is the "
        "one above. *Known after* a decision, a question is asked as of its last position.",
        *(part for name in examples.names() for part in _facts(name)),
    )


def _facts(name: str) -> Iterator[str]:
    decisions, questions = examples.decisions(name), examples.questions(name)
    yield f"## {TITLES.get(name) or decisions[0]['sources'][0]['title']}"
    yield (
        f"[{name}.json](../examples/{name}.json): {len(decisions)} decisions. "
        f"[{name}.questions.json](../examples/{name}.questions.json): {len(questions)} questions."
    )
    told = [None, *((each.row, each.fact) for each in questions)]
    yield _table(
        ("row", "fact", "recorded by", "question", "answer"),
        [
            (
                each.row,
                each.fact if (each.row, each.fact) != before else "",
                ", ".join(f"`{act}`" for act in each.acts),
                f"{each.question} {_asked(each)}",
                each.says,
            )
            for each, before in zip(questions, told, strict=False)
        ],
    )


def _asked(question: examples.Question) -> str:
    parameters = str(httpx.QueryParams(dict(question.parameters)))
    asked = f"`GET {question.path}{'?' if parameters else ''}{parameters}`"
    known_after = question.known_after
    return asked if known_after is None else f"{asked}, *known after* `{known_after}`"


# Markdown


def compact(value: Any, indent: int = 0, before: int = 0, width: int = 96) -> str:
    """Write JSON so that what fits in a line is in a line."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + before + len(line) < width or not isinstance(value, list | dict):
        return line
    inner = indent + 2
    if isinstance(value, Mapping):
        names = {name: f"{json.dumps(name)}: " for name in value}
        items = [
            named + compact(value[name], inner, len(named), width) for name, named in names.items()
        ]
    else:
        items = [compact(each, inner, 0, width) for each in value]
    opened, closed = "{}" if isinstance(value, Mapping) else "[]"
    lines = ",\n".join(" " * inner + each for each in items)
    return f"{opened}\n{lines}\n{' ' * indent}{closed}"


def _example(value: Any) -> Iterator[str]:
    yield f"```json\n{compact(value)}\n```"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruled = (head, ["---"] * len(head), *([_cell(each) for each in row] for row in rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def _link(text: str, heading: str) -> str:
    """A link to a heading of the same page."""
    return f"[{text}](#{re.sub(r'[^a-z0-9_ -]', '', heading.lower()).replace(' ', '-')})"


def _yes(true: bool) -> str:
    return "yes" if true else ""


def _lines(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        print(f"docs/{path.name} is written")
