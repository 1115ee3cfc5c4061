"""Keep the pictures of a config decoded and resized."""

import argparse

from mvlr_mm.cache import make_cache
from mvlr_mm.config import read_config

from .store import report, settle_arguments


def run(args: argparse.Namespace) -> int:
    """Decode what is not there yet.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    cfg = read_config(args.config, args.cfg_options)
    settle_arguments(args, cfg)
    report(args, make_cache(cfg, args.out, args.workers, args.overwrite))
    return 0
