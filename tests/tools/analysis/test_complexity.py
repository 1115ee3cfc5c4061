import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm.models.text import TextEncoder
from mvlr_mm.structures import VLFeatures

SCRIPT = Path(__file__).parents[3] / 'tools' / 'analysis' / 'complexity.py'
RESNET18 = """
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=18,
        init_cfg=dict(type='Pretrained', checkpoint='no/such/file.pth'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', in_channels=512, num_classes=80),
    pretrained='no/such/file.pth',
)
"""


CONFIGS = SCRIPT.parents[2] / 'configs' / 'mvlr'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('complexity', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules['complexity'] = module  # dataclass looks its module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules['complexity']


class ToyText(TextEncoder):
    """Encode 3 texts of width 6 to width 5, with one attention among them."""

    def __init__(self):
        super().__init__()
        self.embed_dim, self.token_dim = 5, 6
        self.map = nn.Linear(6, 5)
        self.freeze()

    def tokenize(self, texts, prompt_length=0):
        raise NotImplementedError

    def embed_words(self, text):
        raise NotImplementedError

    def forward(self, tokens, prompt=None):
        return self.map(F.scaled_dot_product_attention(tokens, tokens, tokens))


class ToyPrompt(BaseModule):
    """Take the toy tower's labels through a map without bias."""

    def __init__(self):
        super().__init__()
        self.text_encoder = ToyText()
        self.map = nn.Linear(5, 5, bias=False)

    def forward(self, feats):
        return feats._replace(labels=self.map(self.text_encoder(torch.ones(1, 3, 6))))


class ToyModel(nn.Module):
    """Backbone, two stages, and patches times labels."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 2, stride=2)
        self.neck = MODELS.build(
            dict(
                type='NeckSequence',
                dense=dict(type='DenseProjection', in_channels=4, out_channels=5),
                prompt=dict(type='ToyPrompt'),
            )
        )

    def forward(self, images):
        feats = self.neck(self.backbone(images))
        return feats.visual @ feats.labels.transpose(1, 2)


@pytest.fixture
def toy():
    """Register the toy prompt for one test."""
    MODELS.register_module(module=ToyPrompt)
    yield ToyModel()
    MODELS._module_dict.pop('ToyPrompt')


def test_every_part_equals_the_count_by_hand(tool, toy):
    rows = tool.measure(toy, shape=(8, 6))  # 4 x 3 = 12 patches
    places = 12
    conv = (4 * 3 * 2 * 2 + 4, places * 4 * 3 * 2 * 2)
    dense = (4 * 5 + 5, places * 4 * 5)
    prompt = (5 * 5, 3 * 5 * 5)
    text = (6 * 5 + 5, 3 * 6 * 5 + 3 * 3 * (6 + 6))
    logits = places * 5 * 3  # in no part
    params, macs = (sum(x) for x in zip(conv, dense, prompt, strict=True))
    assert rows == [
        tool.Row('backbone', conv[0], conv[0], conv[1]),
        tool.Row('neck.dense', dense[0], dense[0], dense[1]),
        tool.Row('neck.prompt', prompt[0], prompt[0], prompt[1]),
        tool.Row('total', params, params, macs + logits),
        tool.Row('text tower', text[0], 0, text[1]),
    ]


def test_frozen_parameters_are_not_trainable(tool, toy):
    toy.backbone.weight.requires_grad_(False)
    backbone = tool.measure(toy, shape=(8, 8))[0]
    assert (backbone.parameters, backbone.trainable) == (52, 4)


def test_what_a_hook_of_the_config_freezes_is_not_trainable(tool, tmp_path):
    hook = "custom_hooks = [dict(type='FreezeModules', names=['backbone'])]\n"
    (tmp_path / 'resnet18.py').write_text(RESNET18 + hook)
    rows = tool.measure(tool.build(str(tmp_path / 'resnet18.py')), shape=(32, 32))
    trainable = {row.name: row.trainable for row in rows}
    assert trainable['backbone'] == 0
    assert trainable['total'] == trainable['head'] == 512 * 80 + 80


class Attend(nn.Module):
    def __init__(self, need_weights, masked):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.need_weights = need_weights
        self.mask = torch.zeros(4, 4) if masked else None

    def forward(self, images):
        x = images.new_ones(1, 4, 8)
        weights = self.need_weights
        return self.attend(x, x, x, need_weights=weights, attn_mask=self.mask)[0]


@pytest.mark.parametrize('masked', [True, False])
@pytest.mark.parametrize('need_weights', [True, False])
def test_attention_is_counted_on_every_path(tool, need_weights, masked):
    total = tool.measure(Attend(need_weights, masked), shape=(1, 1))[-1]
    maps, products = 4 * 8 * (3 * 8) + 4 * 8 * 8, 2 * (4 * 4 * 8)
    assert total.multiply_adds == maps + products
    assert torch.backends.mha.get_fastpath_enabled()


def test_mmpretrain_config_without_its_checkpoints(tool, tmp_path):
    (tmp_path / 'resnet18.py').write_text(RESNET18)
    model = tool.build(str(tmp_path / 'resnet18.py'))
    rows = {row.name: row for row in tool.measure(model, shape=(96, 64))}
    assert list(rows) == ['backbone', 'neck', 'head', 'total']
    assert rows['backbone'].parameters == 11_176_512
    assert rows['head'].parameters == rows['head'].multiply_adds + 80 == 512 * 80 + 80
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 96, 64))
    products = counter.get_total_flops() / 2
    # torch counts products only; norms and pooling are the difference
    assert products < rows['total'].multiply_adds < 1.01 * products


def test_strip_weights(tool):
    kept = dict(type='Kaiming', layer='Conv2d')
    cfg = dict(
        pretrained='openai',
        init_cfg=[kept, dict(type='Pretrained', checkpoint='x.pth')],
        backbone=dict(type='TIMMBackbone', pretrained=True, checkpoint_path='x'),
        stages=[dict(init_cfg=dict(type='Pretrained', checkpoint='x')), 1],
    )
    assert tool.strip_weights(cfg) == dict(
        pretrained=None,
        init_cfg=[kept],
        backbone=dict(type='TIMMBackbone', pretrained=False, checkpoint_path=''),
        stages=[{}, 1],
    )
    assert cfg['pretrained'] == 'openai'


def test_main_prints_a_table_and_writes_json(tool, tmp_path, capsys):
    (tmp_path / 'resnet18.py').write_text(RESNET18)
    config, out = str(tmp_path / 'resnet18.py'), tmp_path / 'new' / 'out.json'
    options = ['--cfg-options', 'model.head.num_classes=20']
    arguments = [config, '--shape', '64', '32', '--json', str(out), *options]
    assert tool.main(arguments) == 0
    (report,) = json.loads(out.read_text())
    assert (report['config'], report['shape']) == (config, [64, 32])
    head = report['parts'][2]
    assert head == dict(
        name='head', parameters=10_260, trainable=10_260, multiply_adds=10_240
    )
    printed = capsys.readouterr().out
    assert f'{config}, 64 x 32 px' in printed
    assert 'total' in printed
    assert '11.187' in printed  # 11,176,512 + 10,260


def test_config_without_model_is_refused(tool, tmp_path):
    (tmp_path / 'data.py').write_text('batch_size = 2')
    with pytest.raises(ValueError, match=r'data\.py has no `model`'):
        tool.build(str(tmp_path / 'data.py'))


def test_a_missing_config_is_said_in_a_line(tool, capsys):
    with pytest.raises(SystemExit, match='2'):
        tool.main(['no/such.py'])
    said = capsys.readouterr().err
    assert 'error: ' in said
    assert 'no/such.py' in said


def test_shape_of_three_numbers_is_refused(tool, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(['a.py', '--shape', '3', '4', '4'])
    assert 'give one or two positive numbers' in capsys.readouterr().err


# Table 9 of the paper: 43.6 M and 36.8 G for the baseline, 47.8 M and 37.6 G for MVLR.
@pytest.mark.parametrize(
    ('config', 'million_parameters', 'giga_multiply_adds'),
    [
        ('mvlr_rn101_coco', 47.8, (37.0, 38.0)),
        ('baseline_rn101_coco', 43.6, (36.6, 36.8)),
    ],
)
def test_cost_of_the_paper(tool, config, million_parameters, giga_multiply_adds):
    model = tool.build(str(CONFIGS / f'{config}.py'))
    rows = {row.name: row for row in tool.measure(model, shape=(448, 448))}
    total = rows['total']
    assert total.parameters / 1e6 == pytest.approx(million_parameters, abs=0.1)
    assert total.trainable == total.parameters
    low, high = giga_multiply_adds
    assert low <= total.multiply_adds / 1e9 <= high
    assert rows['text tower'].trainable == 0


class Interact(nn.Module):
    """A stage on 196 patches (448 px) and 80 labels."""

    def __init__(self, stage):
        super().__init__()
        self.stage = MODELS.build(dict(type=stage, embed_dim=512))

    def forward(self, images):
        visual, labels = images.new_ones(1, 196, 512), images.new_ones(1, 80, 512)
        return self.stage(VLFeatures(visual, (14, 14), labels=labels)).visual


def test_twins_of_table_6_cost_more_than_qmvl(tool):
    stages = 'QMVL', 'SelfAttentionInteraction', 'CrossAttentionInteraction'
    qmvl, *twins = (tool.measure(Interact(s), (1, 1))[-1] for s in stages)
    assert all(twin.multiply_adds > qmvl.multiply_adds for twin in twins)
    assert all(twin.parameters > qmvl.parameters for twin in twins)
