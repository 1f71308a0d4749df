"""Item 13: an agent without [console] opens no port. What the console checks stands in tests/console."""

from tests.security.items import security
from tests.security.sockets import sockets_of
from tests.security.whole_site import WholeSite


@security(13, shows="no process of a running agent without [console] has a socket that others can reach")
def test_nothing_listens(site: WholeSite) -> None:
    found = sockets_of(site.agent_pid)
    assert len([one for one in found if one.table == "tcp"]) >= 3, "broker, inverter and meter"
    assert [one for one in found if one.listens or one.table.startswith(("udp", "raw"))] == []
