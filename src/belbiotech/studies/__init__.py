"""Studies that use both halves: bias audit, specification curve, simulation."""
