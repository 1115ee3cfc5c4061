"""What a project says already of its pictures."""

import ast
import json
import os
from pathlib import Path

from .splits import SPLITS
from .writing import CONFIG

_PICTURES = 'pictures'  # the name that a project's config gives their folder


def known_splits(folder: Path) -> dict[str, str]:
    """Return the split of each picture of a project, by its absolute path.

    Args:
        folder: Of the project; without one there are no pictures.

    Raises:
        ValueError: There are lists of a project, and they cannot be read.
    """
    if not (folder / CONFIG).exists():
        return {}
    try:
        root = os.path.join(folder, _folder_of_pictures(folder / CONFIG))
        # not splitlines(): a name may hold what else Unicode calls the end of a line
        return {
            os.path.normpath(os.path.join(root, json.loads(line)['image'])): split
            for split in SPLITS
            for line in (folder / f'{split}.jsonl').read_text('utf-8').split('\n')
            if line.strip()
        }
    except (KeyError, OSError, SyntaxError, TypeError, ValueError) as error:
        raise ValueError(
            f'which split each picture of {folder} is in cannot be read '
            f'({type(error).__name__}: {error}); name another folder, or draw all '
            'splits anew: --seed 0.'
        ) from error


def _folder_of_pictures(config: Path) -> str:
    for node in ast.parse(config.read_text('utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == _PICTURES:
            return ast.literal_eval(node.value)
    raise ValueError(f'{config.name} does not say what `{_PICTURES}` is')
