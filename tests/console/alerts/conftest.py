"""What the tests of alerts share."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from agent.console.alerts.secrets import SecretFiles
from agent.console.source import Source
from tests.console.alerts.receivers import Hook, hook
from tests.console.alerts.sent import SECRET
from tests.console.served import Times, site_source


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> SecretFiles:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (folder / "password").write_text(f"{SECRET}\nnot this\n")
    return SecretFiles(tmp_path, None)


@pytest.fixture
def times() -> Times:
    return Times(datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.fixture
def source(tmp_path: Path, times: Times) -> Source:
    return site_source(tmp_path, times)


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as found:
        yield found
