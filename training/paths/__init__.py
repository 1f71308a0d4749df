"""How well the net-load paths of a plan foretell the next hours."""
