"""Text of somebody else, as it may stand in a sentence, in a log or on a terminal."""


def printable(text: str, longest: int | None = None) -> str:
    """The first ``longest`` characters of ``text``; what would end a line or move a terminal is a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])


def writable(text: str) -> str:
    """``text`` itself, or without what UTF-8 cannot have: the name of a file may be of any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
