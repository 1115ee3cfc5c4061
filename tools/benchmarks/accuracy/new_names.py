"""What a trained system says of names that it was not trained on."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from mmengine.runner import Runner
from torch import nn

from mvlr_mm.apis.measure_names import measure_names
from mvlr_mm.apis.retag import check_takes_names, retagged
from mvlr_mm.apis.work_dir import find_last_checkpoint
from mvlr_mm.engine import load_weights
from mvlr_mm.evaluation import MultiLabelProtocol
from mvlr_mm.evaluation.protocol_numbers import evaluate
from mvlr_mm.evaluation.protocols import Protocol
from mvlr_mm.evaluation.samples import scores_and_target

from .plan import Job

TOP = 3
TOGETHER, APART = 'in one list', 'apart'


def test_names(runner: Runner, job: Job) -> dict[str, float]:
    """Ask for all names of the test data, of which some were not trained.

    All names go through the system together, as its authors ask for others. Where
    labels meet in stages behind the prompts, new names are also scored apart from them
    and on the scale that `mvlr names` measures on val, which is how this package asks
    for new names; then the numbers without a prefix are of that way.

    Args:
        runner: After its training; one without steps has been made for all names.
        job: Which names are unseen, and where the averaged weights lie.

    Returns:
        See :func:`numbers_of_names`; those of the other way have its name as a prefix.
    """
    model = runner.model
    loader = runner.test_dataloader
    names = loader.dataset.metainfo['classes']
    load_weights(find_last_checkpoint(job.folder), 'cpu', model)
    model.eval()
    hidden = [name in job.unseen for name in names]
    protocol = _protocol_of(runner)

    def numbers(asked: nn.Module) -> dict[str, float]:
        scores, targets = scores_of(asked, model, loader)
        return numbers_of_names(scores, targets, torch.tensor(hidden), protocol)

    if runner.cfg.train_cfg.get('type') == 'FitLoop':
        return numbers(model)
    apart = {}
    if labels_meet(model):
        val = runner.val_dataloader
        scale = measure_names(model, val, len(val.dataset)).scale
        apart = numbers(retagged(model, names, scale))
    model.neck.set_classes(names)
    runner.call_hook('before_test')  # do features, and names, fit
    together = numbers(model)
    if not apart:
        return together
    return apart | {f'{TOGETHER}: {k}': value for k, value in together.items()}


def _protocol_of(runner: Runner) -> Protocol:
    """Return the protocol of the test, with the three highest whatever they score."""
    metrics = runner.test_loop.evaluator.metrics
    ours = next(m for m in metrics if isinstance(m, MultiLabelProtocol))
    return replace(ours.protocol, topk=TOP, topk_thr=False)


def labels_meet(model: nn.Module) -> bool:
    """Say whether a label's score depends on which others are asked for."""
    before, _ = check_takes_names(model)
    stages = [model.neck.get_submodule(name) for name in model.neck.names]
    return any(
        {'relation', 'visual'}.intersection(getattr(behind, 'provides', ()))
        for behind in stages[len(before) + 1 :]
    )


@torch.no_grad()
def scores_of(
    asked: nn.Module, model: nn.Module, loader: Iterable[dict]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores in [0, 1] and targets, both (N, C).

    Args:
        asked: Gives logits.
        model: Prepares the batches.
        loader: Of the pictures.
    """
    rows = []
    for batch in loader:
        data = model.data_preprocessor(batch, False)
        scores = asked(data['inputs']).double().sigmoid()
        for sample, row in zip(data['data_samples'], scores, strict=True):
            rows.append(scores_and_target(sample.to_dict() | {'pred_score': row}))
    scores, targets = zip(*rows, strict=True)
    return torch.stack(scores), torch.stack(targets)


def numbers_of_names(
    scores: torch.Tensor,
    targets: torch.Tensor,
    hidden: torch.Tensor,
    protocol: Protocol,
) -> dict[str, float]:
    """Return how good scores are, of seen names, of unseen ones, and of all.

    ``mAP`` and ``F1@3`` of all names together, which is generalised zero-shot
    recognition; ``seen mAP``, ``unseen mAP`` and ``unseen F1@3``, zero-shot; and
    ``harmonic mAP``, the harmonic mean of seen and unseen. F1@3 is the overall F1 of a
    picture's three highest scores (Huynh and Elhamifar, CVPR 2020).

    Args:
        scores: (N, C).
        targets: (N, C): 1 there, 0 absent, -1 unknown.
        hidden: Which names were not trained, (C,) bool.
        protocol: Of the test, with its top three.
    """
    every = evaluate(scores, targets, protocol)
    seen, unseen = (
        evaluate(scores[:, some], targets[:, some], protocol)
        for some in (~hidden, hidden)
    )
    both = seen['mAP'], unseen['mAP']
    return {
        **every,
        'F1@3': every[f'top{TOP}-OF1'],
        'seen mAP': both[0],
        'unseen mAP': both[1],
        'harmonic mAP': 2 * both[0] * both[1] / max(sum(both), 1e-12),
        'unseen F1@3': unseen[f'top{TOP}-OF1'],
    }
