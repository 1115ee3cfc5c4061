"""Say what is installed, what is in conflict, and what mends it."""

import argparse

PROGRAM = 'mvlr_stack.doctor'
EXAMPLES = ('mvlr doctor',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no argument: the doctor looks at what is here."""
