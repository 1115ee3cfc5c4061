"""The ways from logits of new names to probabilities, and what each is worth."""

from collections.abc import Sequence

import numpy as np

from mvlr_mm.evaluation import average_precision
from mvlr_mm.evaluation.calibration import brier_score, calibration_error
from mvlr_mm.evaluation.logistic import fit_logistic

KEPT = 64  # pictures of val in the scale
HEAD = '| | mAP | ECE | median | Brier | median | AP, all names pooled |'


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
        'always the share of the trained names': np.full(
            found[f'{split} new'].shape, found['val old'].mean()
        ),
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
    result[f'the last: `mvlr names --pictures {KEPT}`'] = sigmoid(
        found[f'{split} shipped']
    )
    return result


def numbers(found: dict, split: str, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return the numbers of each new name, (K,), in percent; the last is for all, (1,).

    Args:
        found: As for :func:`ways`.
        split: ``val`` or ``test``.
        scores: Probabilities of the new names, (N, K).
    """
    new, old = found[f'{split} new'], found[f'{split} old']
    both = np.concatenate([scores, sigmoid(found[f'{split} own'])], axis=1)
    every = np.concatenate([new, old], axis=1)
    pooled = average_precision(both.reshape(-1, 1), every.reshape(-1, 1))
    return {
        'AP': 100 * average_precision(scores, new),
        'ECE': 100 * calibration_error(scores, new),
        'Brier': 100 * brier_score(scores, new),
        'pooled AP': 100 * pooled,
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
    """Return the tables in markdown.

    Args:
        splits: What was found with each third of the names held out.
    """
    lines = [f'{len(splits)} splits of the names.', '']
    for split in ('val', 'test'):
        rows: dict[str, list[dict]] = {}
        for found in splits:
            for name, scores in ways(found, split).items():
                rows.setdefault(name, []).append(numbers(found, split, scores))
        lines += [f'New names on {split}:', '', HEAD, '|---' * 7 + '|']
        for name, every in rows.items():
            ap, ece, brier, pooled = (
                np.concatenate([one[key] for one in every]) for key in every[0]
            )
            cells = [np.nanmean(ap), ece.mean(), np.median(ece)]
            cells += [brier.mean(), np.median(brier), pooled.mean()]
            lines.append(f'| {name} | {" | ".join(f"{x:.2f}" for x in cells)} |')
        lines.append('')
    lines += ['Trained names on test, with one new name in their sequence:', '']
    shifts = [changes(found) for found in splits]
    lines += [f'| {" | ".join(shifts[0])} |', '|---' * len(shifts[0]) + '|']
    means = (np.mean([one[key] for one in shifts]) for key in shifts[0])
    lines += [f'| {" | ".join(f"{x:.4f}" for x in means)} |', '']
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
