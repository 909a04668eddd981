"""How good a model is: found objects against labelled ones, beside a classical method."""
