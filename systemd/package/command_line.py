"""The command line as its own parser tells it: what the manual page and the completion are made of."""

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass

from agent.cli.commands import COMMANDS, parser_for


@dataclass(frozen=True, slots=True)
class Argument:
    """``words`` are the option's names, or none for what stands without one. ``value`` is what it takes, if any."""

    words: tuple[str, ...]
    value: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """A command, such as ``("models", "list")``, with its arguments and the words that may follow it."""

    words: tuple[str, ...]
    help: str
    arguments: tuple[Argument, ...]
    next_words: tuple[str, ...]


def commands() -> Iterator[Described]:
    """Every command and what stands below it, in the order of the help."""
    for name, command in COMMANDS.items():
        parser = _subparsers(parser_for([name]))[name]
        yield from _described((name,), command.help, parser)


def options_of_all() -> tuple[Argument, ...]:
    """What may stand before a command."""
    return _arguments(parser_for([]))


def _described(words: tuple[str, ...], help_: str, parser: ArgumentParser) -> Iterator[Described]:
    below = _subparsers(parser)
    yield Described(words, help_, _arguments(parser), tuple(below))
    told = {
        choice.dest: choice.help or ""
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        for choice in action._choices_actions  # noqa: SLF001
    }
    for name, inner in below.items():
        yield from _described((*words, name), told.get(name, ""), inner)


def _subparsers(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _arguments(parser: ArgumentParser) -> tuple[Argument, ...]:
    found = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:  # noqa: SLF001
            continue
        choices = tuple(str(choice) for choice in action.choices or ())
        found.append(Argument(tuple(action.option_strings), _value(action, choices), _help(action), choices))
    return tuple(found)


def _value(action: argparse.Action, choices: tuple[str, ...]) -> str:
    if action.nargs == 0:
        return ""
    if choices:
        return "|".join(choices)
    named = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{named}..." if action.nargs in ("*", "+") else named


def _help(action: argparse.Action) -> str:
    text = action.help or ""
    known = {name: getattr(action, name, "") for name in ("default", "dest", "metavar", "const")}
    return text % known if "%" in text else text
