"""A folder that `mvlr init` has made: its config is what a command there is about."""

import sys
from pathlib import Path

CONFIG = 'config.py'


def settle_config(config: str | None) -> str:
    """Return the config that is named, or that of the project of this folder.

    Args:
        config: What the command line names, if anything.

    Raises:
        FileNotFoundError: It names none, and this folder is no project.
    """
    if config is not None:
        return config
    if not Path(CONFIG).is_file():
        raise FileNotFoundError(
            f'no config is named, and this folder ({Path.cwd()}) has no {CONFIG}: name '
            'one, or go into the folder of a project; `mvlr init` makes one.'
        )
    print(f'config: {CONFIG}, of this folder', file=sys.stderr)
    return CONFIG
