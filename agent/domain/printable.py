"""Text of somebody else, as it may stand in a sentence, in a log or on a terminal."""


def printable(text: str, longest: int | None = None) -> str:
    """The first ``longest`` characters of ``text``; what would end a line or move a terminal is a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])
