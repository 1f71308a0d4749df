"""Why a model that the platform delivers has not come yet. ``host`` is the server, ``place`` that with its port."""

from agent.domain.sentence import Template


@Template
def download_without_tls(*, host: str) -> str:
    return f"{host}: the URL is not https, and [cloud] models_plain_http is false"


@Template
def download_not_trusted(*, place: str, cause: str) -> str:
    return f"{place}: certificate verify failed: {cause}"


@Template
def download_tls_failed(*, place: str, cause: str) -> str:
    return f"{place}: TLS failed: {cause}"


@Template
def download_name_unknown(*, place: str) -> str:
    return f"{place}: the name cannot be looked up"


@Template
def download_silent(*, place: str, after_s: float) -> str:
    return f"{place}: says nothing for {after_s:g} s"


@Template
def download_no_http(*, place: str, cause: str) -> str:
    return f"{place}: does not speak HTTP as it should ({cause})"


@Template
def download_broken_off(*, place: str, cause: str) -> str:
    return f"{place}: {cause}"


@Template
def download_closed() -> str:
    return "the connection was closed"


@Template
def download_no_authority(*, path: str) -> str:
    return f"{path}: holds no certificate of an authority that can be read"


@Template
def download_elsewhere(*, host: str) -> str:
    return f"{host}: the server sends us elsewhere, which is not followed"


@Template
def download_answered(*, host: str, answer: str) -> str:
    return f"{host}: the server answers {answer}"


@Template
def download_of_other_size(*, host: str, found: str, wanted: str) -> str:
    return f"{host}: the server's file is of another size ({found} and not {wanted})"


@Template
def download_encoded(*, host: str) -> str:
    return f"{host}: the server sends the file in an encoding that was not asked for"


@Template
def download_too_large(*, host: str, most: int) -> str:
    return f"{host}: the server sends more than the {most} bytes of the file"


@Template
def download_too_slow(*, host: str, counted: int, most: int) -> str:
    return f"{host}: too slow, {counted} of {most} bytes have come"


@Template
def download_ended_early(*, host: str, counted: int, most: int) -> str:
    return f"{host}: the connection ended after {counted} of {most} bytes"


@Template
def download_under_way() -> str:
    return "another process is fetching a model here"
