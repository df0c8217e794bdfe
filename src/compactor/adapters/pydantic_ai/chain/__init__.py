"""`CapacityModel`: a chain of models that goes on elsewhere before the wall."""
