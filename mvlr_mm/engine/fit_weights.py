"""Compare a checkpoint with a model before anything of it is loaded."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from ..json_tensor import encode
from ..labels.record import RECORD
from .label_weights import label_weights, named_rows, sized_by_labels
from .trial_load import try_load

#: What may differ between a checkpoint and a model, where it is asked for.
ALLOW = ('missing', 'unexpected', 'labels')


def check_allow(allow: Collection[str]) -> tuple[str, ...]:
    """Return the words.

    Raises:
        ValueError: One of them is none of :data:`ALLOW`, or ``allow`` is a text.
    """
    if isinstance(allow, str) or set(allow) - set(ALLOW):
        raise ValueError(f'allow ({allow!r}) must be a list of words of {ALLOW}.')
    return tuple(allow)


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside the wrappers of several processes and of TTA."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def fit_checkpoint(
    model: nn.Module,
    checkpoint: Any,
    allow: Collection[str] = (),
    source: str = 'the checkpoint',
) -> None:
    """Make a checkpoint fit a model, or refuse it; in place.

    Afterwards ``state_dict``, and the average in ``ema_state_dict`` if there is one,
    have everything that the model has, and nothing else; and the labels of the data
    in ``meta`` are in the model's order.

    Args:
        model: Wrapped or not; it is not changed.
        checkpoint: As ``torch.load`` gives it; weights by name alone are put under
            ``state_dict``.
        allow: See :func:`fit_weights`.
        source: Where it comes from, for messages.

    Raises:
        ValueError: It is no checkpoint, or see :func:`fit_weights`.
    """
    if not isinstance(checkpoint, dict):
        raise ValueError(
            f'{source} holds a {type(checkpoint).__name__}; it must hold weights by '
            'name, alone or under `state_dict`.'
        )
    if 'state_dict' not in checkpoint:
        weights = dict(checkpoint)
        checkpoint.clear()
        checkpoint['state_dict'] = weights
    meta = checkpoint.get('meta') or {}
    if 'labels' in allow:
        meta.pop('dataset_meta', None)  # they are not those of the model now
    names = (meta.get('dataset_meta') or {}).get('classes')
    checkpoint['state_dict'] = fit_weights(
        model, checkpoint['state_dict'], allow, names, source
    )
    ours = [module.classes for _, module in named_rows(unwrap(model))]
    if names is not None and any(ours):  # their order is the model's from now on
        meta['dataset_meta']['classes'] = next(filter(None, ours))
    average = checkpoint.get('ema_state_dict')
    if average is not None:
        others = {k: v for k, v in average.items() if not k.startswith('module.')}
        inner = {k: v for k, v in average.items() if k not in others}
        fitting = fit_weights(model, inner, allow, names, f'the average in {source}')
        checkpoint['ema_state_dict'] = others | {
            f'module.{k}': v for k, v in fitting.items()
        }


def fit_weights(
    model: nn.Module,
    weights: dict[str, Tensor],
    allow: Collection[str] = (),
    names: Sequence[str] | None = None,
    source: str = 'the checkpoint',
) -> OrderedDict[str, Tensor]:
    """Return what a model takes from a state dict, by trying without a change.

    Args:
        model: Wrapped or not; it is not changed.
        weights: The state dict; it is not changed.
        allow: ``missing``: the model's weights that the checkpoint lacks stay as they
            are; ``unexpected``: weights that the model lacks are passed over;
            ``labels``: everything is taken but what belongs to single labels, see
            :func:`label_weights`, or has another shape for another number of them;
            hard prompts are encoded by the tower that comes
            in. What is left out is logged.
        names: Labels of a checkpoint that does not name them itself.
        source: What the weights come from, for messages.

    Raises:
        ValueError: Weights are missing, unexpected, of another shape or no tensors, or
            belong to other labels, and ``allow`` does not say that they may.
    """
    allow = check_allow(allow)
    model = unwrap(model)
    own = model.state_dict()
    versions = getattr(weights, '_metadata', {})
    weights = _checked(weights, own, source)
    by_label, kept = set(label_weights(model)), set()
    by_label.update(
        name
        for name in sized_by_labels(model)
        if name in weights and weights[name].shape != own[name].shape
    )
    if 'labels' in allow:
        kept = _keep_own(weights, own, by_label, source)
    if names is not None:
        record = encode({'classes': list(names)})
        for prefix, _ in named_rows(model):
            weights.setdefault(prefix + RECORD, record)

    try:
        missing, unexpected, errors = try_load(model, weights, versions)
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from error
    # BatchNorm counts for itself; mmengine passes over a missing counter as well
    lacking = [k for k in missing if not k.endswith('num_batches_tracked')]
    faults = {
        'missing': lacking if 'missing' not in allow else [],
        'unexpected': unexpected if 'unexpected' not in allow else [],
        'of another shape': errors,
    }
    if any(faults.values()):
        rows = [f'for {name}:' for name in by_label]
        explained = [error for error in errors if any(row in error for row in rows)]
        words = [word for word in ALLOW[:2] if faults[word]]
        words += ['labels'] if explained else []
        words = words if len(explained) == len(errors) else []
        raise ValueError(_describe(faults, len(own), source, words))
    for word, keys in (('missing', lacking), ('unexpected', unexpected)):
        if keys:
            _log(f'{source}: {len(keys)} weights are {word}: {", ".join(keys)}.')
    for key in unexpected:
        weights.pop(key)
    weights.update({key: own[key] for key in missing})
    for prefix, module in named_rows(model):
        module.renew_rows(weights, prefix, kept.union(missing))
    weights._metadata = versions
    return weights


def _checked(
    weights: dict[str, Tensor], own: dict[str, Tensor], source: str
) -> OrderedDict[str, Tensor]:
    """Return a copy without the prefix that wrappers of several processes add."""
    if not isinstance(weights, dict):
        raise ValueError(
            f'{source} holds a {type(weights).__name__} where weights by name must be.'
        )
    for key, value in weights.items():
        if not isinstance(value, Tensor):
            raise ValueError(
                f'{source}: {key!r} is a {type(value).__name__}, not a tensor; the '
                'weights must be alone or under `state_dict`.'
            )
    prefix = 'module.'
    wrapped = all(k.startswith(prefix) for k in weights)
    if wrapped and not any(k.startswith(prefix) for k in own):
        weights = {k.removeprefix(prefix): value for k, value in weights.items()}
    return OrderedDict(weights)


def _keep_own(
    weights: dict[str, Tensor],
    own: dict[str, Tensor],
    names: Iterable[str],
    source: str,
) -> set[str]:
    """Put the model's own in place of what belongs to single labels; return which."""
    names = sorted(set(names))
    left = [name for name in names if weights.pop(name, None) is not None]
    left = [name for name in left if not name.endswith(RECORD)]
    kept = {name: own[name] for name in names if name in own}
    weights.update(kept)
    _log(f'{source}: left out, since it belongs to its labels: {", ".join(left)}.')
    return set(kept)


def _describe(
    faults: dict[str, list[str]], total: int, source: str, words: list[str]
) -> str:
    """Say what does not fit, and which words would allow it, if any."""
    parts = [
        f'{len(found)} are {word} ({", ".join(found[:3])}'
        + (', ...)' if len(found) > 3 else ')')
        for word, found in faults.items()
        if found
    ]
    advice = 'Give the checkpoint of this config.'
    if words:
        advice += (
            f' If this is meant, allow it: --allow {" ".join(words)} of the commands, '
            f'or allow={words} of the hook CheckWeights or of load_weights.'
        )
    return (
        f'{source} does not fit the model, which has {total} weights: '
        f'{"; ".join(parts)}. {advice}'
    )


def _log(text: str) -> None:
    print_log(text, logger='current')
