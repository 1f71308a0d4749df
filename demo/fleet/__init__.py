"""Many sites at one broker: lightweight agents whose sync, envelopes and link are those of the product."""
