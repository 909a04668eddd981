"""Scripts for people who work on samhq, and the parts of the start script."""
