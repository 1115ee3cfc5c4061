"""One group of the optimizer for all parameters that are treated alike."""


def merge_groups(groups: list[dict]) -> list[dict]:
    """Join the groups that differ in nothing but ``params``, in order of appearance.

    The optimizer updates the parameters of a group in one call, and a schedule visits
    every group in every step, so few groups are faster than many. The updates are the
    same.
    """
    merged: list[dict] = []
    for group in groups:
        settings = {key: value for key, value in group.items() if key != 'params'}
        for other in merged:
            if settings == {k: v for k, v in other.items() if k != 'params'}:
                other['params'] += group['params']
                break
        else:
            merged.append(settings | {'params': list(group['params'])})
    return merged
