from tests.docs.commands import PAGE, page


def test_the_page_about_commands_is_as_the_agent_does_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.commands"
