"""One group of the optimizer for all parameters that are treated alike."""

from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MergedGroupsConstructor(DefaultOptimWrapperConstructor):
    """Build the optimizer of mmengine's default constructor with few groups.

    With a ``paramwise_cfg`` the default makes a group of every single parameter. The
    optimizer then updates hundreds of tensors one by one, where it could take those of
    a group in one call, and the schedule visits each of the groups in every step.

    One difference in the rules: an entry of ``custom_keys`` that sets ``lr_mult`` alone
    scales the rate and leaves the decay to the other rules. By default it would give
    the norms and biases that it names their weight decay back.

    For ``optim_wrapper=dict(constructor='MergedGroupsConstructor', ...)``. The updates
    are the same. The state of an optimizer with other groups cannot be resumed.
    """

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
        keys = every.get('custom_keys', {})
        rates = {k: v['lr_mult'] for k, v in keys.items() if set(v) == {'lr_mult'}}
        others = {key: value for key, value in keys.items() if key not in rates}
        self.paramwise_cfg = {**every, 'custom_keys': others}
        try:
            super().add_params(params, module, prefix, **kwargs)
        finally:
            self.paramwise_cfg = every
        scale_rates(params, module, rates, self.base_lr)
        params[:] = merge_groups(params)


def scale_rates(
    groups: list[dict], model: nn.Module, rates: dict[str, float], lr: float
) -> None:
    """Multiply the rate of each group of one parameter by what its name says.

    Args:
        groups: Changed in place.
        model: Has the names.
        rates: Factors by a part of the name; the longest that fits counts.
        lr: Of the groups that have none of their own.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    longest_first = sorted(sorted(rates), key=len, reverse=True)
    for group in groups:
        name = names[id(group['params'][0])]
        fitting = [key for key in longest_first if key in name]
        if fitting:
            group['lr'] = group.get('lr', lr) * rates[fitting[0]]


def merge_groups(groups: list[dict]) -> list[dict]:
    """Join the groups that differ in nothing but ``params``, in order of appearance."""
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
