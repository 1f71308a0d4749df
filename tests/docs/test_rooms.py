"""The picture of rooms and floors is the one that the import contracts make."""

from tests.docs.rooms import HOUSE, PICTURE, contracts, floors, picture


def test_the_picture_is_made_from_the_contracts_of_today() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run `python -m tests.docs.rooms`"


def test_every_room_of_the_contract_is_drawn_once() -> None:
    drawn = picture()
    rooms = [room for floor in floors(contracts()) for room in floor.rooms]
    assert "domain" in rooms
    assert [room for room in rooms if drawn.count(f">{room}</text>") != 1] == []


def test_every_module_at_the_top_and_every_process_stands_on_a_floor() -> None:
    agent = HOUSE / "agent"
    modules = {path.stem for path in agent.iterdir() if not path.name.startswith("_")} - {"workers"}
    modules |= {f"workers.{path.stem}" for path in (agent / "workers").glob("[a-z]*.py")}
    assert modules == {room for floor in floors(contracts()) for room in floor.rooms} - {"__main__"}


def test_a_layer_says_whether_its_rooms_may_import_each_other() -> None:
    found = floors([{"type": "layers", "layers": ["agent.app", "agent.cycles | agent.adapters", "agent.a : agent.b"]}])
    assert [(floor.rooms, floor.note) for floor in found] == [
        (("app",), ""),
        (("cycles", "adapters"), "strangers to each other"),
        (("a", "b"), "may import each other"),
    ]
