"""Completion for bash, made of the command line's own parser. It runs no Python: it is a table and a loop."""

import shlex
from collections.abc import Mapping

from systemd.package.command_line import Described, commands, options_of_all

HEAD = """\
# bash completion for enalysis-edge; made from its command line.
_enalysis_edge() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} known='' word i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case "$known $word" in
"""
MIDDLE = """\
            *) ;;
        esac
    done
    COMPREPLY=()
    case "$known $previous" in
"""
BEFORE_WORDS = """\
    esac
    case "$known" in
"""
TAIL = """\
    esac
}
complete -o bashdefault -o default -F _enalysis_edge enalysis-edge
"""


def completion() -> str:
    """The script as bash-completion loads it."""
    found = list(commands())
    paths = "".join(f'            {_pattern(one.words)}) known+=" $word" ;;\n' for one in found)
    values = "".join(_values(one) for one in found)
    first = tuple(dict.fromkeys(one.words[0] for one in found))
    words = "".join(f"        {_pattern(one.words)}) {_offer(_words(one))} ;;\n" for one in found)
    every = (*first, *(word for option in options_of_all() for word in option.words))
    return f"{HEAD}{paths}{MIDDLE}{values}{BEFORE_WORDS}{words}        *) {_offer(every)} ;;\n{TAIL}"


def _pattern(words: tuple[str, ...]) -> str:
    return shlex.quote(" " + " ".join(words))


def _words(command: Described) -> tuple[str, ...]:
    """What may follow, besides a value."""
    options = tuple(word for one in command.arguments for word in one.words)
    choices = tuple(choice for one in command.arguments if not one.words for choice in one.choices)
    return (*command.next_words, *choices, *options)


def _values(command: Described) -> str:
    """After an option with a value: its choices, or nothing, upon which bash offers files."""
    by_option: Mapping[str, tuple[str, ...]] = {
        word: one.choices for one in command.arguments if one.value for word in one.words
    }
    return "".join(
        f"        {_pattern((*command.words, word))}) {_offer(choices)}; return ;;\n"
        if choices
        else f"        {_pattern((*command.words, word))}) return ;;\n"
        for word, choices in by_option.items()
    )


def _offer(words: tuple[str, ...]) -> str:
    return f'COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$current"))'
