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
        super().add_params(params, module, prefix, **kwargs)
        if not prefix:  # the parts within parts are in now
            params[:] = merge_groups(params)


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
