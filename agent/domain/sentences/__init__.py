"""What the controller says: one template a sentence, one file a subject."""
