"""A part of the training labels: what is known, and what every row must cope with."""

import inspect
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mvlr_mm.datasets.checking.splits import read_splits
from mvlr_mm.labels.graph import count_label_graph, write_label_graph

HIDE = 'train_dataloader.dataset.hide'


@dataclass(frozen=True)
class PartialLabels:
    """Training sees some of the labels; val and test keep all of theirs.

    Args:
        known: See :class:`mvlr_mm.datasets.hidden_labels.HiddenLabels`.
        seed: Of what is known.
        rest: What the others are taken for.
        folder: Where the label graph of what is known goes.
    """

    known: float | str
    seed: int
    rest: str
    folder: Path

    def content(self) -> dict[str, Any]:
        """Return what is known, as plain data."""
        found = asdict(self)
        del found['folder']
        return found

    def overrides(self, name: str, cfg: Config, trains: bool) -> dict[str, Any]:
        """Return what hides labels of a row, by dotted key.

        Args:
            name: Of the row.
            cfg: Its config.
            trains: Whether it trains; a system that does not sees no label.

        Raises:
            ValueError: Its loss would take an unknown label for something else, or the
                lists that a label graph is counted from have problems.
        """
        if not trains:
            return {}
        if self.rest == 'unknown':
            _check_loss(name, cfg.model.head)
        found: dict[str, Any] = {HIDE: self.content()}
        if cfg.model.head.get('graph'):
            found['model.head.graph'] = str(self._graph(cfg))
        return found

    def _graph(self, cfg: Config) -> Path:
        """Return the graph of the labels that are known.

        It is counted at every start: the lists may be others now.

        Raises:
            ValueError: The lists have problems.
        """
        kind = str(self.known).replace(' ', '_')
        path = self.folder.resolve() / f'known_{kind}_{self.rest}_seed{self.seed}.npz'
        init_default_scope(cfg.get('default_scope', 'mmpretrain'))
        some = Config(dict(train_dataloader=cfg.to_dict()['train_dataloader']))
        some.merge_from_dict({HIDE: self.content()})
        (split,) = read_splits(some)
        if split.problems:
            raise ValueError(f'{split.name}: {split.problems[0]}')
        write_label_graph(path, count_label_graph(split.classes, split.states))
        return path


def _check_loss(name: str, head: dict) -> None:
    loss = MODELS.get((_loss_of(head) or {}).get('type', 'LogitAsymmetricLoss'))
    if not getattr(loss, 'leaves_out_unknown', False):
        raise ValueError(
            f'--known: {loss.__name__} of {name} would take an unknown label (-1) for '
            'something else; give it model.head.loss.type=LogitAsymmetricLoss, add '
            '--unknown absent, or leave the row out.'
        )


def _loss_of(head: dict) -> dict | None:
    """Return the config of a head's loss, by default what its class says."""
    said = inspect.signature(MODELS.get(head['type'])).parameters.get('loss')
    default = said.default if said and isinstance(said.default, dict) else None
    return head.get('loss') or default
