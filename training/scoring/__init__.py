"""How good a forecast was, by definitions that fit, evaluation and peers share."""
