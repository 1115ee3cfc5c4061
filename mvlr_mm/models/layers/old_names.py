"""Checkpoints that know a part by the name that it had before."""

from collections.abc import Mapping


def take_old_names(state_dict: dict, prefix: str, names: Mapping[str, str]) -> None:
    """Move what a checkpoint has under an old name to the new one.

    For ``_load_from_state_dict`` of the module whose parts were renamed.

    Args:
        state_dict: Of a whole model; changed in place.
        prefix: Of the module in it.
        names: Old names of parts of the module to their new ones.
    """
    for old, new in names.items():
        begin = f'{prefix}{old}.'
        for key in [key for key in state_dict if key.startswith(begin)]:
            state_dict[f'{prefix}{new}.{key[len(begin) :]}'] = state_dict.pop(key)
