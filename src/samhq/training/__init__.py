"""Teaching the network: labelled pictures in, a model file out."""
