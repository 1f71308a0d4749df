"""Why the console does not do what a person has typed or asked for."""

from agent.domain.sentence import Template


@Template
def password_too_short(*, fewest: int) -> str:
    return f"a password has at least {fewest} characters"


@Template
def password_too_long(*, most: int) -> str:
    return f"a password has at most {most} characters"


@Template
def password_of_one_letter() -> str:
    return "a password of one character, again and again, is none"


@Template
def key_name_letters(*, most: int) -> str:
    return f"the name of a key has 1 to {most} printable characters"


@Template
def key_without_scope() -> str:
    return "a key has one scope at least: read, act or admin"


@Template
def key_over_already() -> str:
    return "a key that has expired already opens nothing"


@Template
def too_many_keys(*, most: int) -> str:
    return f"there are {most} keys already: remove one first"


@Template
def nobody_would_obey() -> str:
    return "the agent does not run, so nobody would obey"


@Template
def override_too_long(*, longest_h: float) -> str:
    return f"it must end within {longest_h:.0f} hours from now, and not in the past"
