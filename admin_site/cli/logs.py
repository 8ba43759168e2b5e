"""The log of what runs for long: one form for every line, with its time, on stderr."""

import logging


def begin() -> None:
    """To be called once, before anything is logged."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
