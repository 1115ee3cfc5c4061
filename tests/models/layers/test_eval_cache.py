import pytest
import torch
from mmengine.hooks import EMAHook
from torch import nn

from mvlr_mm.models.layers.eval_cache import EvalCache


class Counter(EvalCache):
    """Squares its weight, and counts how often."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.calls = 0

    def forward(self, of=None):
        return self.remember('square', self.compute, of=of)

    def compute(self):
        self.calls += 1
        return self.weight**2


@pytest.fixture
def module():
    module = Counter().eval()
    with torch.no_grad():
        module()
        module()
        assert module.calls == 1
        yield module


@pytest.mark.parametrize(
    'change',
    [
        lambda m: m.eval(),
        lambda m: m.train().eval(),
        lambda m: m.double(),
        lambda m: m.to('meta'),
        lambda m: m.load_state_dict(m.state_dict()),
        lambda m: m.forget(),
    ],
    ids=['mode', 'training', 'dtype', 'device', 'weights', 'by hand'],
)
def test_it_forgets(module, change):
    change(module)
    module()
    assert module.calls == 2


@pytest.mark.parametrize('change', ['eval', 'double'])
def test_it_forgets_as_a_part_of_a_model(module, change):
    getattr(nn.ModuleDict({'part': module}), change)()
    module()
    assert module.calls == 2


def test_another_object_is_computed_anew(module):
    first, second = torch.ones(1), torch.ones(1)
    for of in (first, first, second, second):
        module(of)
    assert module.calls == 3


def test_nothing_is_remembered_in_training_or_for_a_gradient(module):
    module.train()
    module()
    module()
    assert module.calls == 3
    module.eval()
    with torch.enable_grad():
        assert module().requires_grad
        module()
    assert module.calls == 5


def test_the_swap_of_ema_weights_is_seen(module):
    class Runner:
        pass

    hook, runner, model = EMAHook(), Runner(), nn.Sequential(module)
    runner.model = model
    hook.before_run(runner)
    module.weight.data.fill_(3)
    model.eval()
    assert module().tolist() == [9, 9]
    hook._swap_ema_parameters()
    model.eval()  # as the loops do
    assert module().tolist() == [1, 1]
