"""What is asked where follows from the families' facts."""

from dataclasses import replace

from agent.discovery.probes import on_any_port, on_line, on_port, serial_lines, tcp_ports
from drivers.family import LinkFacts, SerialLine
from drivers.registry import FAMILIES

INVERTER = replace(
    FAMILIES["kostal_plenticore"],
    name="inverter",
    link=LinkFacts((502, 1502), (71, 3), settle_after_connect_s=1.5, gap_s=0.1, serial=(SerialLine(115200),)),
)
METER = replace(
    FAMILIES["sdm630"], name="meter", link=LinkFacts((502,), (1, 255), serial=(SerialLine(2400), SerialLine()))
)
SUNSPEC = replace(FAMILIES["sunspec_hybrid"], link=LinkFacts((502,), (1, 126)))
UNKNOWABLE = replace(METER, name="unknowable", identity=None, link=LinkFacts((9999,), serial=(SerialLine(300),)))
ALL = (INVERTER, METER, SUNSPEC, UNKNOWABLE)


def test_ports_and_lines_are_those_of_the_facts_the_commonest_first() -> None:
    assert tcp_ports(ALL) == (502, 1502)
    assert serial_lines(ALL) == (SerialLine(), SerialLine(115200), SerialLine(2400))


def test_the_likeliest_unit_ids_come_first() -> None:
    plan = on_port(502, ALL)
    assert [probe.unit_id for probe in plan.units][:5] == [71, 1, 3, 255, 126]
    assert {probe.unit_id for probe in plan.units if probe.is_usual} == {71, 1}
    assert (plan.settle_s, plan.gap_s) == (1.5, 0.1)


def test_a_device_with_its_own_map_is_asked_at_its_own_unit_ids_and_others_behind_gateways_too() -> None:
    at = {probe.unit_id: [family.name for family in probe.families] for probe in on_port(502, ALL).units}
    assert at[71] == at[3][:1] == ["inverter"]
    assert at[1] == at[7] == at[245] == ["meter", "sunspec_hybrid"]
    assert at[255] == ["meter"]
    assert 11 not in at


def test_on_a_port_only_families_that_name_it() -> None:
    assert [probe.unit_id for probe in on_port(1502, ALL).units] == [71, 3]
    assert [probe.unit_id for probe in on_any_port(ALL).units] == [probe.unit_id for probe in on_port(502, ALL).units]


def test_on_a_line_every_family_of_it_at_every_unit_id() -> None:
    plan = on_line(SerialLine(), ALL)
    assert [probe.unit_id for probe in plan.units] == [*range(1, 11), 247]
    assert {family.name for probe in plan.units for family in probe.families} == {"meter", "sunspec_hybrid"}


def test_every_family_that_can_be_recognised_is_looked_for() -> None:
    looked_for = {
        family.name
        for port in tcp_ports(FAMILIES.values())
        for probe in on_port(port, FAMILIES.values()).units
        for family in probe.families
    }
    assert looked_for == {family.name for family in FAMILIES.values() if family.identity and family.link.ports}
