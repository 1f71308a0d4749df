"""From what is measured to what may be written: estimate, follow, guard. Pure, and without numpy."""
