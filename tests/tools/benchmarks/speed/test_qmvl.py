import argparse
import importlib
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[4] / 'tools'))
qmvl = importlib.import_module('benchmarks.speed.qmvl')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('kind', qmvl.KINDS)
def test_a_graph_gives_what_its_model_gives(kind):
    torch.manual_seed(0)
    model = qmvl.OnTensors(kind, 32).cuda()
    inputs = tuple(torch.randn(2, n, 32).cuda().requires_grad_() for n in (9, 5))
    graph = qmvl.graphed(model, inputs)
    results = []
    for run in (model, graph):
        visual, labels = run(*inputs)
        loss = visual.sin().sum() + labels.sin().sum()
        gradients = torch.autograd.grad(loss, [*inputs, *run.parameters()])
        # a graph writes each result where the last one was
        results.append([t.detach().clone() for t in (visual, labels, *gradients)])
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-4)


def test_graphs_are_of_a_gpu():
    parser = argparse.ArgumentParser()
    qmvl.add_arguments(parser)
    with pytest.raises(SystemExit, match='--device cuda'):
        qmvl.run(parser.parse_args(['--graphs']))
