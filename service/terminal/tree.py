"""The structure, and what changed in it, as trees for people.

Whatever the data holds, only printable text reaches the terminal, and nothing is said by colour
alone: what is possible, vacant or pending is called so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from domain.dates import NEVER, window
from service.sentences import dated, legible, sources, untold, voted, when

Facts = Mapping[str, Any]
"""A JSON object of an answer."""

UNSURE: Final = "yellow"
"""The style of what is not certain, beside the word that says so."""

DETAILS: Final = frozenset({"alternatives", "grounds"})
"""Changes that a person seldom wants to see: of other values that may hold, of entries alone."""

_JOINERS: Final = "\u200c\u200d"  # they print nothing, and some scripts cannot be written without


def printable(text: object) -> str:
    """Data as a terminal may see it: on one line, control and invisible characters spelled out."""
    return "".join(
        each
        if each.isprintable() or each in _JOINERS
        else " "
        if each.isspace()
        else each.encode("unicode_escape").decode()
        for each in str(text)
    )


def drawn(answer: Facts, *, ids: bool = False) -> Group:
    """The answer of `/v1/structure`: its basis, then each body beneath the one it stands in."""
    bodies: Sequence[Facts] = answer["bodies"]
    names = {body["id"]: body["name"] or body["id"] for body in bodies}
    trees = {body["id"]: _body(body, names, ids) for body in bodies}
    roots = [body for body in bodies if body["within"] not in trees]
    for body in bodies:
        if body["within"] in trees:
            trees[body["within"]].children.append(trees[body["id"]])
    above = {body["within"] for body in bodies}
    shown: list[RenderableType] = [
        trees[root["id"]] for root in sorted(roots, key=lambda root: root["id"] not in above)
    ]
    return Group(basis(answer["basis"]), "", *(shown or ["There was no body."]))


def basis(stated: Facts) -> Text:
    """The point on both clocks that an answer holds for, as its headline."""
    recorded = stated["recorded_at"] or "nothing recorded"
    return Text.assemble(
        "As of ",
        _text(stated["effective_at"], "bold"),
        _text(f", as known at position {stated['position']} ({recorded})"),
    )


def chronicle(answer: Facts, *, details: bool = False) -> Group:
    """The answer of `/v1/changes`: its bases, the changes by day, and the decisions behind them."""
    found: Sequence[Facts] = answer["changes"]
    shown = [change for change in found if details or change["what"] not in DETAILS]
    days: dict[tuple[bool, str], list[Facts]] = {}
    for change in sorted(shown, key=_moment):
        begins = when(change)
        days.setdefault((dated(change) is None, begins), []).append(change)
    trees: list[RenderableType] = []
    for (_, begins), each in days.items():
        tree = Tree(_text(begins.removesuffix(","), "bold"), guide_style="dim")
        for change in each:
            told = change["sentence"].removeprefix(f"{begins} ").removesuffix(sources(change))
            tree.add(_text(told))
        trees.append(tree)
    decisions = {cause["decision"]: cause for change in shown for cause in change["causes"]}
    if decisions:
        trees.append(_decisions(decisions.values()))
    if left := len(found) - len(shown):
        trees.append(_text(f"{_count(left, 'change')} in detail not shown (--details)", "dim"))
    title = Text.assemble("From: ", basis(answer["from"]), "\n  To: ", basis(answer["to"]))
    return Group(title, "", *(trees or ["Nothing changed."]))


def _moment(change: Facts) -> tuple[int, int]:
    """The order of changes: by the last day that may be theirs; what has no day at the end."""
    text = dated(change)
    return window(text)[::-1] if text is not None else (NEVER, NEVER)


def _decisions(causes: Iterable[Facts]) -> Tree:
    """Decisions by which something changed: their vote, their authority and their sources."""
    tree = Tree(_text("Decisions", "bold"), guide_style="dim")
    for cause in sorted(causes, key=lambda cause: cause["position"]):
        title = f": {legible(cause['title'])}" if cause["title"] else ""
        node = tree.add(_text(f"{cause['decision']}{title}"))
        stated = {
            "taken by": cause["taken_by"],
            "at": cause["meeting"],
            "dated": cause["date"],
            "by mandate": cause["authority"],
            "vote": voted(cause["vote"]),
        }
        given = ", ".join(f"{name} {value}" for name, value in stated.items() if value)
        if given:
            node.add(_text(given, "dim"))
        for source in cause["sources"]:
            written = (source.get(name) for name in ("title", "url", "published"))
            node.add(
                _text(f"source: {', '.join(legible(each) for each in written if each)}", "dim")
            )
    return tree


def _body(body: Facts, names: Mapping[str, str], ids: bool) -> Tree:
    label = _qualified(_named(body["name"], body["id"], "bold", ids), _doubt(body))
    stated = [_words(body["classification"]), body["permanence"], body["area"]]
    if body["formed_from"]:
        origins = (names.get(each, each) for each in body["formed_from"])
        stated.append(f"formed from {', '.join(origins)}")
    given = ", ".join(each for each in (*stated, *_span(body)) if each)
    tree = Tree(Text.assemble(label, "  ", _text(given, "dim")), guide_style="dim")
    for post in sorted(body["posts"], key=lambda post: not post["head"]):
        node = tree.add(_post(post, ids))
        if len(post["holders"]) > 1:
            for holder in post["holders"]:
                node.add(_holder(holder, ids))
        for each in (*_alternatives(post, names), *_lines(body, post["id"], names)):
            node.add(each)
    for each in (*_activists(body), *_alternatives(body, names), *_lines(body, None, names)):
        tree.add(each)
    return tree


def _post(post: Facts, ids: bool) -> Text:
    """A post with its only holder; if there are more, they come below."""
    since, until, seats = post["since"], post["until"], post["seats"]
    label = _qualified(
        _named(post["label"], post["id"], "cyan", ids),
        _doubt(post),
        ("head" if post["head"] else None, "dim"),
        ({True: "voting", False: "not voting", None: None}[post["voting"]], "dim"),
        (post["area"], "dim"),
        (f"since {since}" if since and post["certainty"] == "possible" else None, "dim"),
        (f"until {until}" if until else None, "dim"),
        (_count(seats, "seat") if seats is not None else None, "dim"),
        (_vacancies(post), "magenta"),
    )
    if len(post["holders"]) == 1:
        return Text.assemble(label, ": ", _holder(post["holders"][0], ids))
    return label


def _vacancies(post: Facts) -> str | None:
    if post["vacant"]:
        return "vacant" if post["seats"] == 1 else f"{post['vacant']} vacant"
    return None if post["holders"] or post["seats"] is not None else "no holder known"


def _holder(holder: Facts, ids: bool) -> Text:
    name = holder["name"]
    label = _qualified(
        _named(None if untold(name) else name, holder["person"], "", ids),
        (untold(name) or ("name not known" if name is None else None), "dim"),
        _doubt(holder),
        ("pending approval" if holder["approved"] is False else None, UNSURE),
    )
    term = [f"term until {holder['term_until']}"] if holder["term_until"] else []
    return _dated(label, holder, *term)


def _activists(body: Facts) -> Iterator[Text]:
    certain, possible = body["activists"], body["activists_possible"]
    if certain:
        yield _qualified(
            _text(_count(certain, "activist")),
            (f"{possible} more possible" * bool(possible), UNSURE),
        )
    elif possible:
        yield _qualified(_text(_count(possible, "activist")), ("possible", UNSURE))


def _lines(body: Facts, post: str | None, names: Mapping[str, str]) -> Iterator[Text]:
    for line in body["lines"]:
        if line["post"] == post:
            label = _text(f"{_words(line['kind'])} {names.get(line['to'], line['to'])}")
            yield _dated(_qualified(label, _doubt(line)), line)


def _alternatives(facts: Facts, names: Mapping[str, str]) -> Iterator[Text]:
    """What else may hold that day, of all that is shown here."""
    for other in facts["alternatives"]:
        match other["attribute"], other["value"]:
            case "within", value:
                what = f"within {names.get(value, value) if value else 'no body'}"
            case "name" | "label", value:
                what = f"called {value}"
            case "head" | "voting" as attribute, value:
                what = attribute if value else f"not {attribute}"
            case "seats", value:
                what = _count(value, "seat")
            case "classification" | "permanence" | "area" as attribute, value:
                what = f"{attribute} {value}"
            case "approval", value:
                what = f"to be approved by {names.get(value, value)}"
            case _:
                continue
        yield _dated(Text.assemble(_text("possibly", UNSURE), _text(f" {what}")), other)


def _text(data: str, style: str = "") -> Text:
    """The only way by which data becomes text: none of it is markup or speaks to the terminal."""
    return Text.assemble((printable(data), style))


def _named(name: str | None, identity: str, style: str, ids: bool) -> Text:
    label = _text(name or identity, style)
    return Text.assemble(label, _text(f" [{identity}]", "dim")) if ids and name else label


def _qualified(label: Text, *traits: tuple[str | None, str]) -> Text:
    """The label with those traits that it has, each in its style, in parentheses."""
    given = [_text(trait, style) for trait, style in traits if trait]
    return Text.assemble(label, " (", Text(", ").join(given), ")") if given else label


def _doubt(facts: Facts) -> tuple[str | None, str]:
    return ("possible" if facts["certainty"] == "possible" else None, UNSURE)


def _dated(label: Text, facts: Facts, *more: str) -> Text:
    dates = (_text(f", {each}", "dim") for each in (*_span(facts), *more))
    return Text.assemble(label, *dates)


def _span(facts: Facts) -> list[str]:
    return [f"{word} {facts[word]}" for word in ("since", "until") if facts[word]]


def _words(code: str | None) -> str | None:
    return code and code.replace("_", " ")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
