"""Checkpoints without the frozen text tower, which the config builds again."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ...models.text import TextEncoder
from ..fit_weights import unwrap


@HOOKS.register_module()
class LeaveOutTextTower(Hook):
    """Leave pretrained text towers out of checkpoints while they are as built.

    Half of an RN101 model is its text tower. In its place stands a note of a few bytes,
    by which the tower is compared when the checkpoint is loaded. A tower that has
    changed by a single bit, or was built with random weights, stays in.
    """

    # after EMAHook, which adds its average to the checkpoint
    priority = 'LOW'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the towers out of the weights, and out of their average."""
        for name, module in unwrap(runner.model).named_modules():
            if not isinstance(module, TextEncoder):
                continue
            places = [(checkpoint['state_dict'], f'{name}.')]
            if 'ema_state_dict' in checkpoint:
                places.append((checkpoint['ema_state_dict'], f'module.{name}.'))
            if all(module.is_as_built(_under(*place)) for place in places):
                for state_dict, prefix in places:
                    module.leave_out(state_dict, prefix)


def _under(state_dict: dict, prefix: str) -> dict:
    return {
        key.removeprefix(prefix): value
        for key, value in state_dict.items()
        if key.startswith(prefix)
    }
