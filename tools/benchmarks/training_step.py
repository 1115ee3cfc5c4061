"""One training step of a config, as the runner takes it, on random data and weights."""

import importlib
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import HOOKS
from mmpretrain.structures import DataSample

import mvlr_mm  # noqa: F401  registers what configs name

Mark = Callable[[str], None]


def _ignore(part: str) -> None:
    """Mark nothing."""


class TrainingStep:
    """Preprocessing, forward, backward, optimizer and EMA, always on the same batch.

    Args:
        config: Path of the config file; its optimizer and its ``EMAHook`` are used.
        batch: Pictures in a step.
        side: Of a picture, px.
        device: Where the model is.
        amp: Whether the forward runs in bfloat16.
        options: Changes to the config, by dotted key.
    """

    def __init__(
        self,
        config: str,
        batch: int,
        side: int,
        device: str = 'cpu',
        amp: bool = False,
        options: dict | None = None,
    ) -> None:
        complexity = importlib.import_module('analysis.complexity')
        options = dict(options or {})
        cfg = complexity.read_model_config(str(config), options)
        options['model.data_preprocessor'] = cfg.get('data_preprocessor', {})
        self.model = complexity.build(str(config), options).to(device).train()
        self.parts = ['data_preprocessor', *complexity.parts(self.model)]
        self.parts.remove('head')  # its loss belongs to it, and is no forward
        if amp:
            cfg.optim_wrapper.type = 'AutocastOptimWrapper'
        self.optimizer = build_optim_wrapper(self.model, cfg.optim_wrapper)
        self.optimizer.initialize_count_status(self.model, 0, 10**9)
        self.runner = SimpleNamespace(model=self.model, iter=0, epoch=0)
        hooks = [
            hook for hook in cfg.get('custom_hooks', []) if hook['type'] == 'EMAHook'
        ]
        self.averages = [HOOKS.build(hook) for hook in hooks]
        for hook in self.averages:
            hook.before_run(self.runner)
        self.device, self.batch = device, batch
        names = getattr(self.model, '_dataset_meta', {}).get('classes', 'abc')
        self.labels = list(range(min(3, len(names))))  # of each picture
        self.inputs = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8)
        if device == 'cuda':  # as the data loader does
            self.inputs = self.inputs.pin_memory()

    def __call__(self, mark: Mark = _ignore) -> None:
        """Take the step.

        Args:
            mark: Called with the name of each part after it, but not inside forward.
        """
        samples = [DataSample().set_gt_label(self.labels) for _ in range(self.batch)]
        model, optimizer = self.model, self.optimizer
        with optimizer.optim_context(model):
            data = dict(inputs=self.inputs, data_samples=samples)
            data = model.data_preprocessor(data, True)
            loss, _ = model.parse_losses(model(**data, mode='loss'))
        mark('head and losses')
        optimizer.backward(optimizer.scale_loss(loss))
        mark('backward')
        if optimizer.should_update():
            optimizer.step()
            optimizer.zero_grad()
        mark('optimizer')
        for hook in self.averages:
            hook.after_train_iter(self.runner, self.runner.iter)
        self.runner.iter += 1
        mark('EMA')

    def profile(self, rounds: int) -> dict[str, float]:
        """Return the median milliseconds of each part, in the order of the step.

        Args:
            rounds: Steps that count, after one that does not.
        """
        watch = Stopwatch(self.device)
        modules = dict(self.model.named_modules())
        handles = [
            modules[part].register_forward_hook(lambda *_, part=part: watch(part))
            for part in self.parts
        ]
        try:
            laps = [watch.lap(self) for _ in range(rounds + 1)]
        finally:
            for handle in handles:
                handle.remove()
        return {
            part: 1e3 * statistics.median(lap[part] for lap in laps[1:])
            for part in laps[-1]
        }


class Stopwatch:
    """Divide the time of a step among its parts."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: Counter = Counter()
        self.last = 0.0

    def _now(self) -> float:
        if self.device == 'cuda':
            torch.cuda.synchronize()
        return time.perf_counter()

    def __call__(self, part: str) -> None:
        """Give a part the time since the last mark."""
        now = self._now()
        self.seconds[part] += now - self.last
        self.last = now

    def lap(self, step: Callable[[Mark], None]) -> Counter:
        """Run a step and return the seconds of its parts."""
        self.seconds, self.last = Counter(), self._now()
        step(self)
        return self.seconds


def peak_gb(device: str) -> float:
    """Return the largest memory so far: of the GPU, or of the process."""
    if device == 'cuda':
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
