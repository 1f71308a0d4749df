"""Why what the platform signs is not believed: the file of keys, and a signature that is none."""

from agent.domain.sentence import Template

# --- the file ---------------------------------------------------------------------------------------------------------


@Template
def keys_not_read_yet() -> str:
    return "the keys have not been read yet"


@Template
def keys_file_too_large(*, path: str, most: int) -> str:
    return f"{path}: it has more than {most} bytes"


@Template
def keys_file_empty(*, path: str) -> str:
    return f"{path}: it holds no key"


@Template
def keys_line_wrong(*, path: str, line: int, cause: str) -> str:
    return f"{path}, line {line}: {cause}"


@Template
def key_named_before(*, key: str, purpose: str) -> str:
    return f"the key {key} of {purpose} was named before"


@Template
def revoked_line() -> str:
    return "a line of a revoked key is revoked and key id"


@Template
def key_line() -> str:
    return "a line is purpose, key id and key"


@Template
def key_purposes() -> str:
    return "the purpose is command, config or model"


@Template
def key_id_letters() -> str:
    return "a key id has 1 to 40 of a-z, 0-9, '.', '_' and '-'"


@Template
def key_no_base64(*, most: int) -> str:
    """``most`` is how many bytes it has."""
    return f"the key is not {most} bytes in base64"


# --- a signature ------------------------------------------------------------------------------------------------------


@Template
def not_signed() -> str:
    return "it is not signed: it has no key and signature"


@Template
def signed_not_canonical(*, cause: str) -> str:
    return f"what is signed is not canonical: {cause}"


@Template
def key_was_revoked() -> str:
    return "its key was revoked"


@Template
def no_key_may_sign(*, purpose: str) -> str:
    return f"no key of that name may sign a {purpose}"


@Template
def signature_of_another() -> str:
    return "the signature is not that of the key"
