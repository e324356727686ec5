"""Stating: the settings as options of a command, and what is in the environment by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperOption

if TYPE_CHECKING:
    import typer

    from service.settings import Settings

PREFIX: Final = "CURULE_"

NAMED: Final = {"access_log": "--access-log-in"}
"""Options that are not named as their variable: `--access-log` logs requests."""

_STATED: Final = "curule.settings"


class WithSettings(TyperCommand):
    """A command that takes each of the settings as an option, but for the keys themselves.

    Those would be told to whoever lists the processes of the machine.
    """

    def get_params(self, ctx: Any) -> Any:
        """The command's own parameters, and one for each setting."""
        own = super().get_params(ctx)
        taken = {each.envvar for each in own}
        return [*own, *(each for each in _options() if each.envvar not in taken)]


def stated(context: typer.Context) -> Settings:
    """The settings as options or the environment state them."""
    from service.settings import Settings

    given = context.meta.get(_STATED, {})
    return Settings(**given)


def unknown(command: Any, environment: Mapping[str, str]) -> Iterator[str]:
    """Whatever in the environment is named as a setting, but is none."""
    known = _variables() | set(_of(command))
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            meant = get_close_matches(name, known, 1)
            yield f"there is no setting {name}" + (f"; is it {meant[0]}?" if meant else "")


def _options() -> Iterator[Any]:
    from pydantic import SecretStr

    from service.settings import Settings

    for name, field in Settings.model_fields.items():
        if SecretStr in getattr(field.annotation, "__args__", ()):
            continue
        yield TyperOption(
            param_decls=[NAMED.get(name, f"--{name.replace('_', '-')}"), f"setting_{name}"],
            envvar=f"{PREFIX}{name.upper()}",
            help=cleandoc(field.description or "").replace("\n", " "),
            metavar="TEXT",
            show_envvar=True,
            expose_value=False,
            callback=_keep,
        )


def _keep(context: Any, option: Any, value: str | None) -> None:
    if value is not None:
        name = option.name.removeprefix("setting_")
        context.meta.setdefault(_STATED, {})[name] = value


def _variables() -> set[str]:
    from service.settings import Settings

    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def _of(command: Any) -> Iterator[str]:
    """The variables of a command and of those below it."""
    for each in command.params:
        if each.envvar:
            yield from [each.envvar] if isinstance(each.envvar, str) else each.envvar
    for below in getattr(command, "commands", {}).values():
        yield from _of(below)
