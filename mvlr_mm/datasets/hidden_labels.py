"""Training with a part of the labels: which are known is drawn by a seed."""

from collections.abc import Sequence

import numpy as np

from ..argument_checks import check_choice, check_whole
from .formats.label_states import label_states

SINGLE_POSITIVE = 'single positive'
RESTS = ('unknown', 'absent')
ROWS = 1024  # pictures drawn at once: little memory beside the states


class HiddenLabels:
    """Hide labels of pictures, as papers on partial labels do.

    Args:
        known: Share of the labels that stay known, in (0, 1]: each label of each
            picture by itself, there or absent, with this probability (Durand et al.,
            CVPR 2019; so do SARB and DualCoOp). What a seed lets be known of a
            smaller share it lets be known of a larger one. ``'single positive'``
            leaves one label of those that are there, drawn evenly, and nothing of a
            picture without one (Cole et al., CVPR 2021).
        seed: Of what is drawn, a whole number from 0; it does not follow a run's.
        rest: What the others become: ``unknown``, -1, which losses leave out; or
            ``absent``, 0, the "assume negative" of these papers.

    Raises:
        ValueError: An argument breaks its rule.
    """

    def __init__(
        self, known: float | str, seed: int = 0, rest: str = 'unknown'
    ) -> None:
        check_choice('rest', rest, RESTS)
        single = known == SINGLE_POSITIVE
        number = isinstance(known, (int, float)) and not isinstance(known, bool)
        if not single and not (number and 0 < known <= 1):
            raise ValueError(
                f'known ({known!r}) must be a share above 0 and up to 1, or '
                f'{SINGLE_POSITIVE!r}.'
            )
        # None would draw anew in each process and start
        check_whole('seed', seed, at_least=0)
        self.known, self.seed = known, seed
        self.hidden = -1 if rest == 'unknown' else 0

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """Return the states (N, C) with some hidden: 1 there, 0 absent, -1 unknown."""
        rng, hidden = np.random.default_rng(self.seed), states.copy()
        for first in range(0, len(states), ROWS):
            rows = hidden[first : first + ROWS]
            kept = self._kept(rows, rng.random(rows.shape))
            np.minimum(rows, self.hidden, out=rows, where=~kept)
        return hidden

    def _kept(self, states: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """Return which states (n, C) stay, by numbers in [0, 1), which are changed."""
        if self.known != SINGLE_POSITIVE:
            return drawn < self.known
        drawn[states != 1] = 2
        return (drawn == drawn.min(axis=1, keepdims=True)) & (states == 1)

    def of_records(self, records: Sequence[dict], count: int) -> list[dict]:
        """Return the records of pictures with ``gt_label`` and ``gt_score`` anew.

        Args:
            records: Of N pictures; they stay as they are.
            count: C.
        """
        before = [
            label_states(count, record['gt_label'], ())
            if record.get('gt_score') is None
            else np.asarray(record['gt_score'])
            for record in records
        ]
        states = self(np.array(before, dtype=np.int8).reshape(len(records), count))
        return [
            record | {'gt_label': np.flatnonzero(row == 1).tolist(), 'gt_score': row}
            for record, row in zip(records, states, strict=True)
        ]
