"""The model that ships with samhq: starter.safetensors, found through samhq.network.registry."""
