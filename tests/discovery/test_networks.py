"""Which addresses are asked, and which are refused in one sentence."""

import pytest

from agent.discovery.networks import NotScanned, hosts, interface, named_networks, own_networks

OWN = (
    interface("127.0.0.1", "255.0.0.0"),
    interface("192.168.1.7", "255.255.255.0"),
    interface("10.20.30.40", "255.0.0.0"),
    interface("203.0.113.9", "255.255.255.0"),
    interface("fd00::2", "64"),
)


def test_the_machine_s_own_private_networks_are_asked_and_wide_ones_in_part() -> None:
    assert [str(one) for one in own_networks(OWN)] == ["192.168.1.0/24", "10.20.28.0/22"]


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("192.168.1.130/25", "192.168.1.128/25"),
        ("192.168.1.20", "192.168.1.20/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("fd00::77", "fd00::77/128"),
    ],
)
def test_a_part_of_an_own_network_is_asked(text: str, network: str) -> None:
    assert [str(one) for one in named_networks([text, text], OWN, anywhere=False)] == [network]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("192.168.2.0/24", r"192\.168\.2\.0/24 is not one of this machine's own networks \(.*\): add --anywhere"),
        ("192.168.0.0/16", "is not one of this machine's own networks"),
        ("fd01::1", "fd01::1/128 is not one of this machine's own networks"),
        ("fd00::/64", "fd00::/64 is a network of IPv6, which has too many addresses to ask: name single ones"),
        ("inverter", "'inverter' is no network: write 192.168.1.0/24, or one address"),
        ("192.168.1.0/33", "is no network"),
        ("", "'' is no network"),
    ],
)
def test_what_is_no_own_network_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotScanned, match=said):
        named_networks([text], OWN, anywhere=False)


def test_a_foreign_network_is_asked_where_a_person_says_so() -> None:
    (network,) = named_networks(["192.168.2.0/30"], OWN, anywhere=True)
    assert hosts([network]) == ("192.168.2.1", "192.168.2.2")


def test_a_host_of_two_networks_is_asked_once() -> None:
    assert hosts(named_networks(["192.168.1.1", "192.168.1.0/30"], OWN, anywhere=False)) == (
        "192.168.1.1",
        "192.168.1.2",
    )


def test_4096_addresses_are_asked_and_no_more() -> None:
    assert len(hosts(named_networks(["10.0.0.0/20"], OWN, anywhere=False))) == 4094
    too_many = named_networks(["10.0.0.0/18"], OWN, anywhere=False)
    with pytest.raises(NotScanned, match=r"10\.0\.0\.0/18 has 16384 addresses, .* such as 10\.0\.0\.0/24"):
        hosts(too_many)
