"""From what is measured to what may be written: estimate, economic dispatch, guard. Pure, and without numpy."""
