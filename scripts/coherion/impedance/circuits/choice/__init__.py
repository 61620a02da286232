"""Which circuit: the comparison with a configured one, the family of circuits, the choice from it."""
