"""The manual page enalysis-edge(1), made of the command line's own help (man(7), groff's macros)."""

import time

from systemd.package.command_line import Argument, Described, commands, options_of_all

FILES = (
    ("/etc/enalysis-edge/site.toml", "the site file; /etc/enalysis-edge/site.example.toml explains every key"),
    ("/etc/enalysis-edge/site.toml.commissioned", "the permit to steer, which \\fBcommission\\fR writes"),
    ("/var/lib/enalysis-edge/", "the store and all that the agent keeps"),
    ("/usr/share/enalysis-edge/drop-ins/", "drop-ins for the unit: serial lines, fixed addresses"),
)
EXIT_CODES = (
    ("0", "good"),
    ("1", "failed"),
    ("2", "a bad site file or command line"),
    ("75", "another instance runs"),
    ("130", "ended by Ctrl-C"),
)


def man_page(version: str, epoch_s: int) -> str:
    """The page, dated by ``epoch_s``."""
    day = time.strftime("%Y-%m-%d", time.gmtime(epoch_s))
    lines = [
        f'.TH ENALYSIS-EDGE 1 "{day}" "enalysis-edge {_plain(version)}" "User Commands"',
        ".SH NAME",
        "enalysis\\-edge \\- edge agent for on\\-site battery controllers",
        ".SH SYNOPSIS",
        ".B enalysis\\-edge",
        "\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        _plain(
            "Polls meters and inverters over Modbus, forecasts, plans, steers the battery and syncs to a central "
            "platform over MQTT. The service enalysis-edge.service runs it; on its first days it only observes."
        ),
        ".SH OPTIONS",
        *_listed(options_of_all()),
        ".SH COMMANDS",
        *(line for command in commands() for line in _command(command)),
        ".SH FILES",
        *(line for path, what in FILES for line in (".TP", f".I {_plain(path)}", what.replace("-", "\\-"))),
        ".SH EXIT STATUS",
        *(line for code, what in EXIT_CODES for line in (".TP", f".B {code}", what)),
        ".SH SEE ALSO",
        ".BR systemctl (1),",
        ".BR journalctl (1)",
    ]
    return "\n".join(lines) + "\n"


def _command(command: Described) -> list[str]:
    own = tuple(one for one in command.arguments if "--help" not in one.words)  # told once, for all
    return [f".SS {_plain(' '.join(command.words))}", _plain(_sentence(command.help)), *_listed(own)]


def _listed(arguments: tuple[Argument, ...]) -> list[str]:
    lines = []
    for argument in arguments:
        names = ", ".join(f"\\fB{_plain(word)}\\fR" for word in argument.words)
        value = f"\\fI{_plain(argument.value)}\\fR" if argument.value else ""
        lines += [".TP", " ".join(part for part in (names, value) if part), _plain(argument.help) or "\\&"]
    return lines


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _plain(text: str) -> str:
    """Text that groff takes as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
