"""`enalysis-edge console`: the local web page and API of a site; its password and the keys of programmes."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from agent.cli.ending import BAD_SETTINGS, FAILED, GOOD, ending_at_once
from agent.cli.site_command import add_config, add_config_again, by_settings_at_hand, by_site_file

if TYPE_CHECKING:
    from agent.console.own_settings import OwnSettings
    from agent.settings.schema import Settings

SCOPES = ("read", "act", "admin")
NOT_INSTALLED = "the console is not installed: pip install 'enalysis-edge[console]'"
NO_SECTION = "the site file has no section [console]: nothing listens without it; [console] alone is enough"


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and what else than serving is to be done."""
    add_config(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="nothing: serve until Ctrl-C")
    for name, what in (("set-password", "ask for a new password"), ("keys", "list, add or remove keys of programmes")):
        action = actions.add_parser(name, help=what)
        if name == "keys":
            _add_key_arguments(action)
        else:
            action.add_argument("--stdin", action="store_true", help="read it from the first line of standard input")
            add_config_again(action)


def _add_key_arguments(parser: ArgumentParser) -> None:
    add_config_again(parser)
    actions = parser.add_subparsers(dest="what", required=True, metavar="list|add|remove")
    shown = actions.add_parser("list", help="which keys there are")
    add = actions.add_parser("add", help="make a key, and show it this once")
    add.add_argument("name", help="what it is for")
    add.add_argument("--scope", choices=SCOPES, action="append", help="may be given several times; read when left out")
    add.add_argument("--days", type=int, help="days until it expires; never when left out")
    remove = actions.add_parser("remove", help="remove a key")
    remove.add_argument("id")
    for action in (shown, add, remove):
        add_config_again(action)


def run(asked: Namespace) -> int:
    """0; 1 where it could not be done; 2 with a bad site file, or one without [console]."""
    return by_site_file(asked, _serve) if asked.action is None else by_settings_at_hand(asked, _change)


def _serve(settings: "Settings", asked: Namespace) -> int:
    if settings.console is None:
        print(f"{asked.config}: {NO_SECTION}", file=sys.stderr)
        return BAD_SETTINGS
    with ending_at_once():
        from agent.adapters.host import logs

        logs.configure(settings.log.level)
        import asyncio

        from agent.adapters.host.live_file import RUNTIME, runtime_folder

        try:
            from agent.console import serve
            from agent.console.source import source_of
        except ModuleNotFoundError as error:
            print(f"{NOT_INSTALLED} ({error.name} is missing)", file=sys.stderr)
            return FAILED
    try:
        source = source_of(settings, runtime_folder() or RUNTIME, site_file=asked.config)
        return asyncio.run(serve.run(settings.console, source, _tell))
    except serve.CannotListen as error:
        print(error, file=sys.stderr)
        return FAILED


def _tell(where: str) -> None:
    """For somebody at a terminal, whatever the log may say; a service has nobody to read it."""
    if sys.stdout.isatty():
        print(f"the console is at {where} until Ctrl-C", flush=True)


def _change(settings: "Settings", asked: Namespace) -> int:
    try:
        from agent.console.own_settings import OwnFolderFailure, OwnSettings
        from agent.console.source import own_folder
    except ModuleNotFoundError as error:
        print(f"{NOT_INSTALLED} ({error.name} is missing)", file=sys.stderr)
        return FAILED
    own = OwnSettings(own_folder(Path(settings.store.path)))
    try:
        return _set_password(own, asked) if asked.action == "set-password" else _keys(own, asked)
    except (OwnFolderFailure, ValueError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _set_password(own: "OwnSettings", asked: Namespace) -> int:
    """Raises ValueError for one that cannot be a password."""
    from agent.console.security.passwords import hashed, why_refused

    password = sys.stdin.readline().rstrip("\n") if asked.stdin else _asked_for()
    refused = why_refused(password)
    if refused is not None:
        raise ValueError(refused)
    own.set_password(hashed(password))
    print("the password is set; whoever was logged in must log in again")
    return GOOD


def _asked_for() -> str:
    """Raises ValueError where nobody answers twice the same."""
    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)  # it could not be typed unseen
            password, again = getpass("new password: "), getpass("once more: ")
    except GetPassWarning as error:
        raise ValueError("no terminal to ask for a password; with --stdin it is read from standard input") from error
    except EOFError as error:
        raise ValueError("no password was given; nothing was changed") from error
    if password != again:
        raise ValueError("the two are not the same; nothing was changed")
    return password


def _keys(own: "OwnSettings", asked: Namespace) -> int:
    """Raises ValueError for a key that cannot be."""
    from agent.console.security.access import Scope
    from agent.console.security.keys import new_key

    now = datetime.now(UTC)
    match asked.what:
        case "add":
            try:
                expires_at = None if asked.days is None else now + timedelta(days=asked.days)
            except OverflowError as error:
                raise ValueError(f"{asked.days} days are no time span") from error
            text, key = new_key(asked.name, [Scope(word) for word in asked.scope or ["read"]], now, expires_at)
            own.add_key(key)
            print(f"{text}\nthis is shown once; it goes into the header Authorization: Bearer", file=sys.stdout)
        case "remove":
            if not own.remove_key(asked.id):
                raise ValueError(f"there is no key {asked.id}")
            print(f"the key {asked.id} opens nothing any more")
        case _:
            keys = own.api_keys()
            if not keys:
                print("there are no keys: `console keys add NAME` makes one")
            for key in keys:
                ends = "does not expire" if key.expires_at is None else f"expires {key.expires_at:%Y-%m-%d}"
                used = "never used" if key.used_at is None else f"last used {key.used_at:%Y-%m-%d %H:%M} UTC"
                print(f"{key.id}  {key.name}: {' '.join(key.scopes)}, {ends}, {used}")
    return GOOD
