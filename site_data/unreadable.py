"""What the readers raise."""


class SitesUnreadable(ValueError):
    """The files do not hold what they should. ``str()`` says what and where in one sentence."""
