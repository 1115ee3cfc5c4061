"""The runner that the commands build from a config."""

from typing import Any

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mvlr_mm.argument_checks import check_whole
from mvlr_mm.cache import on_cache
from mvlr_mm.features import on_features

from .replaced_training import BEHIND_A_STEP

_LAST_SEED = 2**32 - 1  # that NumPy takes
# what a config may read instead of the files of its pictures
_KEPT = {'cache': on_cache, 'features': on_features}
# the hooks that mmengine has by itself, and leaves out where a config says None
_OF_MMENGINE = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
)


class _Runner(Runner):
    """mmengine's runner, whose ``default_hooks`` may switch off any hook by None.

    Beside the checkpoints it writes the config of the training that they are of, as
    the model is used with it later. mmengine writes there when a runner is built: also
    the config of a test with other settings, or of a training that is refused.
    """

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """Register the hooks that a config has, but those that are None.

        mmengine stops at None in the place of a hook that is not its own.
        """
        kept = {
            name: hook
            for name, hook in (hooks or {}).items()
            if hook is not None or name in _OF_MMENGINE
        }
        super().register_default_hooks(kept)

    _undumped: Config | None = None

    def dump_config(self) -> None:
        """Leave what is in the work folder until this training has made a step."""
        self._undumped = self.cfg  # as the log shows it

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call all hooks; write the config before those behind the first step."""
        if self._undumped is not None and fn_name in BEHIND_A_STEP:
            quick, self.cfg = self.cfg, self._undumped
            super().dump_config()
            self.cfg, self._undumped = quick, None
        super().call_hook(fn_name, **kwargs)


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config, or of its ``runner_type``.

    Args:
        cfg: A whole config; what the runner writes beside its checkpoints is this. With
            ``features`` it reads them in the place of pictures; with ``cache``,
            pictures that are decoded and resized.

    Raises:
        ValueError: It has both, or ``randomness.seed`` is no seed; or as for
            :func:`~mvlr_mm.cache.on_cache`.
    """
    seed = (cfg.get('randomness') or {}).get('seed')
    check_whole('randomness.seed', seed, or_none=True, at_least=0, at_most=_LAST_SEED)
    kind = RUNNERS.get(cfg.runner_type) if 'runner_type' in cfg else _Runner
    words = [word for word in _KEPT if cfg.get(word) is not None]
    if len(words) > 1:
        raise ValueError(
            'features stand in the place of pictures, and cache has those pictures; '
            'leave one of them out.'
        )
    if not words:
        runner = kind.from_cfg(cfg)
    else:

        class OnKept(kind):
            """Keeps the config for pictures, which the model is used with later."""

            def __init__(self, **parts: Any) -> None:
                super().__init__(**parts | dict(cfg=cfg))

        runner = OnKept.from_cfg(_KEPT[words[0]](cfg))
    # its text goes into every checkpoint, and yapf takes a third of a second for it
    runner.cfg = Config(
        runner.cfg.to_dict(),
        cfg_text=runner.cfg.text,
        filename=runner.cfg.filename,
        format_python_code=False,
    )
    return runner
