"""The digest of models, beside OpenSSL's."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.models.sha256 import sha256_hex


@given(st.binary(max_size=300))
def test_it_is_the_digest_of_openssl(content: bytes) -> None:
    assert sha256_hex(content) == hashlib.sha256(content).hexdigest()
