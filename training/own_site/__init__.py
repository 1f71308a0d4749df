"""Models of one site's own: a shipped model with trees grown on the history of that site."""
