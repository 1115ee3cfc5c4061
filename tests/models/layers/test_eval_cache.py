import copy
import io

import pytest
import torch
from mmengine.hooks import EMAHook
from torch import nn
from torch.nn import functional as F

from mvlr_mm.models.layers.eval_cache import EvalCache


class Counter(EvalCache):
    """Squares its weight, and counts how often."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 2))
        self.frozen = nn.Linear(2, 2).requires_grad_(False)
        self.calls = 0

    def forward(self, *of):
        return self.remember('square', self.compute, of=of)

    def compute(self):
        self.calls += 1
        return F.linear(self.weight, self.weight, self.frozen.bias)


@pytest.fixture
def module():
    module = Counter().eval()
    with torch.no_grad():
        module()
        module()
        assert module.calls == 1
        yield module


def optimize(module):
    module.weight.grad = torch.ones_like(module.weight)
    torch.optim.SGD([module.weight], lr=0.1).step()


def from_vector(module):
    vector = nn.utils.parameters_to_vector(module.parameters()) + 1
    nn.utils.vector_to_parameters(vector, module.parameters())


@pytest.mark.parametrize(
    'change',
    [
        lambda m: m.train().eval(),
        lambda m: m.double(),
        lambda m: m.load_state_dict(m.state_dict()),
        lambda m: m.frozen.load_state_dict(m.frozen.state_dict()),
        lambda m: m.weight.data.mul_(2),
        lambda m: setattr(m, 'frozen', nn.Linear(2, 2)),
        optimize,
        from_vector,
        lambda m: m.forget(),
    ],
    ids=[
        'training',
        'dtype',
        'weights',
        'weights of a part',
        'average',
        'another part',
        'optimizer',
        'vector',
        'by hand',
    ],
)
def test_it_computes_again(module, change):
    change(module)
    found = module()
    assert module.calls == 2
    assert torch.equal(found, module.compute())


@pytest.mark.parametrize('change', ['train', 'double'])
def test_it_forgets_as_a_part_of_a_model(module, change):
    getattr(nn.ModuleDict({'part': module}), change)().eval()
    module()
    assert module.calls == 2


def test_other_tensors_are_computed_anew(module):
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


def test_functional_call_gets_what_belongs_to_its_weights(module):
    kept = module()
    other = {'weight': torch.full((2, 2), 3.0)}
    found = torch.func.functional_call(module, other, ())
    torch.testing.assert_close(found, torch.full((2, 2), 18.0) + module.frozen.bias)
    assert torch.equal(module(), kept)
    stacked = {'weight': torch.stack([torch.ones(2, 2), torch.full((2, 2), 3.0)])}
    found = torch.func.vmap(lambda w: torch.func.functional_call(module, w, ()))(
        stacked
    )
    torch.testing.assert_close(found[1], torch.full((2, 2), 18.0) + module.frozen.bias)
    assert torch.equal(module(), kept)


def test_both_swaps_of_ema_weights_are_seen(module):
    class Runner:
        pass

    hook, runner, model = EMAHook(), Runner(), nn.Sequential(module)
    runner.model = model
    hook.before_run(runner)
    module.frozen.bias.data.zero_()
    hook.ema_model.module[0].frozen.bias.data.zero_()
    module.weight.data.fill_(3)
    model.eval()
    assert module().unique().tolist() == [18]
    hook._swap_ema_parameters()  # before the last validation
    assert module().unique().tolist() == [2]
    hook._swap_ema_parameters()  # after it, and nothing calls train() or eval() then
    assert module().unique().tolist() == [18]


def test_autocast_and_inference_mode_have_their_own(module):
    plain = module()
    with torch.autocast('cpu', torch.bfloat16):
        rounded = module()
        assert rounded.dtype == torch.bfloat16
        with torch.autocast('cpu', enabled=False):
            assert module().dtype == torch.float32
    with torch.autocast('cpu', torch.float16):
        assert module().dtype == torch.float16
    with torch.inference_mode():
        assert module().is_inference()
    assert not module().is_inference()
    assert module() is plain
    assert module.calls == 4


def test_copies_and_replicas_begin_with_nothing(module):
    plain = module()
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    others = [
        copy.deepcopy(module),
        copy.copy(module),
        module._replicate_for_data_parallel(),
        torch.load(file, weights_only=False),  # made here
    ]
    for other in others:
        assert other._remembered == {}
        assert other._remembered is not module._remembered
    assert module() is plain
    assert module.calls == 1


def test_on_the_meta_device_it_computes(module):
    module.to('meta')
    assert module().is_meta
    assert module().is_meta
    assert module.calls == 3


def test_the_compiler_gets_new_weights_as_well():
    module = Counter().eval()
    compiled = torch.compile(module, backend='eager')
    with torch.no_grad():
        for value in (1.0, 3.0):
            module.weight.data.fill_(value)
            for _ in range(2):
                wanted = torch.full((2, 2), 2 * value**2) + module.frozen.bias
                torch.testing.assert_close(compiled(), wanted)
    assert module.calls == 2
