"""Rows of the catalogue that no test shows, each with the reason. What is not covered is said, and not left out."""

NOT_COVERED: dict[int, str] = {
    17: "no test here installs anything; `make test-package` does, all but the downgrade (`tests/package`)",
    22: "no driver reads the clock of a device or writes a schedule into one, so that none can drift into control",
}
