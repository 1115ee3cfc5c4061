"""The ways from logits of new names to probabilities, and what each is worth."""

from collections.abc import Sequence

import numpy as np

from mvlr_mm.evaluation import average_precision
from mvlr_mm.evaluation.calibration import brier_score, calibration_error
from mvlr_mm.evaluation.logistic import fit_logistic

# Of the trained names on val, which fit; of the same on themselves; of the new names.
Way = tuple[np.ndarray | None, np.ndarray]


def ways(found: dict, split: str) -> dict[str, np.ndarray]:
    """Return the probabilities of new names on a split in each way, (N, K).

    Args:
        found: Logits of val and test, see `new_labels.score`.
        split: ``val`` or ``test``.
    """
    trained = found['val old'].shape[1]
    own = found['val own']

    def prompts(of: str, level: bool) -> np.ndarray:
        every = found[f'{of} prompts']
        if level:
            every = every - found[f'{of} generic'].mean(axis=1, keepdims=True)
        return every

    def fitted(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        slope, bias = fit_logistic(old, found['val old'])
        return sigmoid(slope * new + bias)

    result = {
        'all stages, new names together': sigmoid(found[f'{split} together']),
        'all stages, each beside the trained': sigmoid(found[f'{split} beside']),
        '... standardised': fitted(
            z(own, own), z(found[f'{split} beside'], found['val beside'])
        ),
        'apart': sigmoid(found[f'{split} apart']),
    }
    for level, name in ((False, ''), (True, 'generic level, ')):
        new = prompts(split, level)[:, trained:]
        val_old, val_new = np.split(prompts('val', level), [trained], axis=1)
        result[f'apart, {name}fitted'] = fitted(val_old, new)
        result[f'apart, {name}standardised'] = fitted(
            z(val_old, val_old), z(new, val_new)
        )
    result['`mvlr names`: the last, 64 pictures'] = sigmoid(found[f'{split} shipped'])
    return result


def numbers(found: dict, split: str, scores: np.ndarray) -> dict[str, float]:
    """Return the numbers of new names' probabilities, in percent but for Brier.

    Args:
        found: As for :func:`ways`.
        split: ``val`` or ``test``.
        scores: Of the new names, (N, K).
    """
    new, old = found[f'{split} new'], found[f'{split} old']
    both = np.concatenate([scores, sigmoid(found[f'{split} own'])], axis=1)
    every = np.concatenate([new, old], axis=1)
    pooled = average_precision(both.reshape(-1, 1), every.reshape(-1, 1))
    return {
        'mAP': 100 * float(np.nanmean(average_precision(scores, new))),
        'AP of all, old and new': 100 * float(pooled[0]),
        'ECE': 100 * float(calibration_error(scores, new).mean()),
        'Brier': 100 * float(brier_score(scores, new).mean()),
    }


def changes(found: dict) -> dict[str, float]:
    """Return what a name that goes through all stages does to trained ones, on test."""
    own = sigmoid(found['test own'])
    shifted = sigmoid(found['test shifted'])  # (K, N, C)
    difference = np.abs(shifted - own)
    before = np.nanmean(average_precision(own, found['test old']))
    after = [np.nanmean(average_precision(one, found['test old'])) for one in shifted]
    return {
        'mean change of a score': float(difference.mean()),
        'largest': float(difference.max()),
        'mAP before': 100 * float(before),
        'after, mean': 100 * float(np.mean(after)),
        'after, lowest': 100 * float(np.min(after)),
    }


def table(splits: Sequence[dict]) -> str:
    """Return the tables in markdown: means over the splits of the names."""
    lines = [f'{len(splits)} splits of the names.', '']
    for split in ('val', 'test'):
        rows: dict[str, list[dict]] = {}
        for found in splits:
            for name, scores in ways(found, split).items():
                rows.setdefault(name, []).append(numbers(found, split, scores))
        lines += [f'New names on {split}:', '', *_rows(rows), '']
    lines += ['Trained names on test, and one new name in their sequence:', '']
    lines += [*_rows({'in one sequence': [changes(found) for found in splits]}, 4), '']
    kinds = ('own', 'beside', 'apart', 'shipped')
    seconds = {k: np.mean([found[f'seconds {k}'] for found in splits]) for k in kinds}
    lines.append(
        'Milliseconds of CPU a picture, behind the backbone: '
        + ', '.join(f'{k} {1000 * x:.2f}' for k, x in seconds.items())
    )
    return '\n'.join(lines) + '\n'


def z(values: np.ndarray, val: np.ndarray) -> np.ndarray:
    """Return values in standard deviations from the mean, both of val's."""
    return (values - val.mean(axis=0)) / val.std(axis=0)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return probabilities."""
    return 0.5 * (1 + np.tanh(logits.astype(np.float64) / 2))


def _rows(rows: dict[str, list[dict]], digits: int = 2) -> list[str]:
    columns = list(next(iter(rows.values()))[0])
    lines = [f'| | {" | ".join(columns)} |', '|---' * (len(columns) + 1) + '|']
    for name, found in rows.items():
        cells = [
            f'{np.mean([one[column] for one in found]):.{digits}f}'
            for column in columns
        ]
        lines.append(f'| {name} | {" | ".join(cells)} |')
    return lines
