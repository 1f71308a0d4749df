"""Item 10: a running agent speaks to the broker and the devices of its site file, and to nobody else."""

from agent.adapters.processes.child_process import ENVIRONMENT
from tests.security.items import security
from tests.security.whole_site import WholeSite


@security(10, shows="all connects and datagrams of daemon and planner under strace: broker and devices alone")
def test_it_speaks_to_broker_and_devices_alone(site: WholeSite) -> None:
    named = {("127.0.0.1", port) for port in site.ports}
    assert named <= site.spoken_to()
    assert site.spoken_to() - named <= site.own_doors(), "nobody but itself"


@security(10, shows="after a plan by ONNX models its home folder is empty: no cache, no identity, no telemetry")
def test_it_leaves_nothing_in_its_home(site: WholeSite) -> None:
    assert list(site.home.rglob("*")) == []
    assert ENVIRONMENT["ORT_DISABLE_TELEMETRY"] == "1"
