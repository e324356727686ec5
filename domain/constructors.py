"""Constructors of frozen dataclasses that are made by the million."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def constructor(cls: type[T], names: Sequence[str] | None = None) -> Callable[..., T]:
    """Make a frozen dataclass of members in this order (none: in its own) at a third the price.

    What is not named has its default. A frozen class lets each member of a new object past its
    guard one by one; here the object is of a subclass without that guard until it has its members,
    and then becomes one of `cls`.

    Raises:
        TypeError: it has no member of such a name, or one without a default is not named.
    """
    own: dict[str, Any] = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
    named = own if names is None else names
    left = [each for name, each in own.items() if name not in named]
    if unknown := [name for name in named if name not in own]:
        raise TypeError(f"{cls.__name__} has no {', '.join(unknown)}")
    if lacking := [each.name for each in left if each.default is MISSING]:
        raise TypeError(f"{cls.__name__} lacks {', '.join(lacking)}")
    check = getattr(cls, "__post_init__", None)

    def become(made: Any) -> None:
        if check is not None:
            check(made)
        made.__class__ = cls

    members = [(name, Any, field()) for name in named]
    members += [(each.name, Any, field(default=each.default, init=False)) for each in left]
    namespace = {"__post_init__": become}
    ordinary: Any = make_dataclass(cls.__name__, members, namespace=namespace, slots=True)
    unguarded = {
        "__slots__": (),
        "__init__": ordinary.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    return type(cls.__name__, (cls,), unguarded | namespace)
