"""Text of somebody else, as it may stand in a sentence, in a log or on a terminal."""


def printable(text: str, longest: int | None = None) -> str:
    """The first ``longest`` characters of ``text``; what would end a line or move a terminal is a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])


def first_line(error: Exception) -> str:
    """What a library says, without the lines below; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def readable(stored: bytes) -> str:
    """``stored`` as text: what is no UTF-8, as after a bit of a disk has flipped, costs its own characters alone."""
    return stored.decode("utf-8", "replace")


def writable(text: str) -> str:
    """``text`` itself, or without what UTF-8 cannot have: the name of a file may be of any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
