"""Rates by the names of parameters, apart from the other settings."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger, print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from ..argument_checks import check_number
from .merge_groups import merge_groups

# their fused forms change nothing but rounding
_FUSED = ('Adam', 'AdamW', 'SGD')
# an entry of `custom_keys` speaks of the rate with these
_RATE = ('lr', 'lr_mult')


# the first name is today's, the second that of older configs
@OPTIM_WRAPPER_CONSTRUCTORS.register_module(
    name=['SeparateRatesConstructor', 'MergedGroupsConstructor']
)
class SeparateRatesConstructor(DefaultOptimWrapperConstructor):
    """Build the optimizer with a learning rate and a decay that are chosen apart.

    In mmengine's default the longest of the ``custom_keys`` that a parameter's name
    contains decides about all its settings and switches the other rules off: a key that
    sets the rate of the backbone gives its norms and biases their weight decay back,
    and a longer key that sets a decay undoes the rate. Here the longest key *that says
    a rate* (``lr_mult`` or ``lr``) decides about the rate, and the longest *that says
    anything else* about the rest. ``lr_mult`` multiplies the rate that the other rules
    give (``bias_lr_mult``), ``lr`` replaces it.

    Parameters with the same settings share a group, see :func:`merge_groups`; with a
    ``paramwise_cfg`` the default makes a group of every single one.

    ``Adam``, ``AdamW`` and ``SGD`` take torch's fused form, one call for all
    parameters, where the config says neither ``fused`` nor ``foreach``; a line in the
    log says so.

    For ``optim_wrapper=dict(constructor='SeparateRatesConstructor', ...)``. The state
    of an optimizer with other groups cannot be resumed.
    """

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None
    ) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        cfg = self.optimizer_cfg
        for name in {'lr', 'weight_decay'} & set(cfg):
            check_number(f'optim_wrapper.optimizer.{name}', cfg[name], at_least=0)
        # a config in pure Python gives the class, or a name with its module
        kind = cfg.get('type')
        name = getattr(kind, '__name__', str(kind)).rpartition('.')[2]
        if name in _FUSED and not {'fused', 'foreach'} & set(cfg):
            self.optimizer_cfg = {**cfg, 'fused': True}
            print_log(f'{name} runs fused.', logger='current')

    def add_params(
        self, params: list[dict], module: nn.Module, prefix: str = '', **kwargs: object
    ) -> None:
        """Append the groups of a module, merged if it is the whole model.

        Args:
            params: The groups so far; changed in place.
            module: The model, or a part of it.
            prefix: Name of that part in the model.
            **kwargs: As in mmengine.
        """
        if prefix:
            super().add_params(params, module, prefix, **kwargs)
            return
        every = self.paramwise_cfg
        rates, others = split_rates(every.get('custom_keys', {}))
        self.paramwise_cfg = {**every, 'custom_keys': others}
        try:
            with _rates_unsaid():
                super().add_params(params, module, prefix, **kwargs)
        finally:
            self.paramwise_cfg = every
        set_rates(params, module, rates, self.base_lr)
        params[:] = merge_groups(params)


@contextmanager
def _rates_unsaid() -> Iterator[None]:
    """Keep mmengine from logging rates, which are not those of the end."""

    def says_no_rate(record: logging.LogRecord) -> bool:
        return not re.match(r'paramwise_options -- \S+:lr=', record.getMessage())

    logger = MMLogger.get_current_instance()
    logger.addFilter(says_no_rate)
    try:
        yield
    finally:
        logger.removeFilter(says_no_rate)


def split_rates(keys: dict[str, dict]) -> tuple[dict[str, dict], dict[str, dict]]:
    """Split ``custom_keys`` into what says a rate and what says something else."""
    rates, others = {}, {}
    for key, entry in keys.items():
        rate = {name: entry[name] for name in _RATE if name in entry}
        rest = {name: value for name, value in entry.items() if name not in _RATE}
        if rate:
            rates[key] = rate
        if rest or not rate:
            others[key] = rest
    return rates, others


def set_rates(
    groups: list[dict], model: nn.Module, rates: dict[str, dict], lr: float
) -> None:
    """Set, and log, the rate of each group of one parameter by what its name says.

    Args:
        groups: Changed in place.
        model: Has the names.
        rates: ``lr_mult``, ``lr`` or both (then the latter counts) by a part of the
            name; the longest that fits counts, of equals the first in the alphabet.
        lr: Of the groups that have none of their own.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    longest_first = sorted(sorted(rates), key=len, reverse=True)
    for group in groups:
        name = names[id(group['params'][0])]
        rate = next((rates[key] for key in longest_first if key in name), {})
        if 'lr' in rate:
            group['lr'] = rate['lr']
        elif rate:
            group['lr'] = group.get('lr', lr) * rate['lr_mult']
        if 'lr' in group:
            text = f'paramwise_options -- {name}:lr={group["lr"]}'  # as mmengine's
            print_log(text, logger='current')
