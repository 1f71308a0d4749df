"""Measured sites, and what is made of them: the weather as forecast, public holidays, imagined loads."""
