"""Measured sites as files: a ``sites.json`` that describes them and one CSV file a site. Needs the standard library."""
