"""The window. It knows the engine through `samhq.api` alone."""
