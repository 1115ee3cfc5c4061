"""Small random CLIPs, a work dir with a model on one, the place of the real data."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import open_clip
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import base_dataset
from mmengine.registry import DefaultScope
from safetensors.torch import save_file

from mvlr_mm.config import read_config
from mvlr_mm.loaded_model import build_model  # the import registers what configs name
from mvlr_mm.ops import onednn_linear

TEXT = dict(context_length=24, vocab_size=49408, width=32, heads=2, layers=2)
VISION = {
    'resnet': dict(layers=[1, 1, 1, 1], width=8, image_size=64),
    'vit': dict(layers=2, width=32, head_width=16, patch_size=16, image_size=64),
    'timm': dict(
        timm_model_name='mobilenetv2_035',
        timm_model_pretrained=False,
        timm_pool='avg',
        timm_proj='linear',
        image_size=64,
    ),
    'timm-vit': dict(
        timm_model_name='vit_tiny_patch16_224',
        timm_model_pretrained=False,
        timm_pool='avg',
        timm_proj='linear',
        image_size=224,
    ),
}
BERT_WORDS = 'a photo of this contains cat dog dining table traffic light .'
LABELS = ['cat', 'dog', 'boat']
TRAINED = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'
data_preprocessor = dict(mean=[120, 110, 100], std=[60, 60, 60], to_rgb=True)
model = dict(
    type='VLClassifier',
    clip={clip!r},
    backbone=dict(type='CLIPBackbone'),
    neck=dict(
        type='NeckSequence',
        prompt=dict(
            type='PDLR',
            text_encoder=dict(type='CLIPTextEncoder'),
            classes={classes!r}),
        fusion=dict(type='IFM')),
    head=dict(type='SimilarityHead', scale=20.0))
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root={root!r},
        ann_file='labels.json',
        pipeline=[
            dict(type='LoadPicture'),
            dict(type='Resize', scale=(64, 64)),
            dict(type='PackInputs')]))
test_evaluator = dict(type='MultiLabelMetric', thr=0.5)
test_cfg = dict()
"""


@pytest.fixture(autouse=True, scope='session')
def uncollected_data_sets() -> Iterator[None]:
    """Garbage stays where mmengine reads a data set: looking for it takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_dataset, 'gc', SimpleNamespace(collect=lambda: 0))
        yield


@pytest.fixture(autouse=True)
def mmpretrain_scope() -> Iterator[None]:
    """Look names up as the configs do, whatever scope an earlier runner has left."""
    DefaultScope._instance_dict.clear()
    DefaultScope.get_instance('tests', scope_name='mmpretrain')
    yield
    DefaultScope._instance_dict.clear()


@pytest.fixture
def onednn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Let products of any size and on any CPU go through oneDNN; list their inputs."""
    problem = onednn_linear.find_onednn_problem()
    if problem:
        pytest.skip(problem)
    shapes, operator = [], onednn_linear._operator

    def listed(x: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(x.shape))
        return operator(x, *others)

    for name, value in dict(
        _decided=lambda: True,
        _operator=listed,
        _left_out=False,
        _LEAST_WORK=1,
        _LEAST_ROWS=2,
    ).items():
        monkeypatch.setattr(onednn_linear, name, value)
    return shapes


@pytest.fixture(scope='session')
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict]:
    """Arguments ``model`` and ``pretrained`` of a small random CLIP of width 16."""
    folder = tmp_path_factory.mktemp('clips')

    def make(kind: str = 'resnet') -> dict:
        config, weights = folder / f'{kind}.json', folder / f'{kind}.safetensors'
        if not config.exists():
            cfg = dict(embed_dim=16, vision_cfg=VISION[kind], text_cfg=TEXT)
            torch.manual_seed(0)
            clip = open_clip.CLIP(**cfg)
            for module in clip.modules():  # so that BatchNorm does something
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.running_mean.normal_(std=0.1)
                    module.running_var.uniform_(0.5, 1.5)
                    torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            save_file(clip.state_dict(), str(weights))
            config.write_text(json.dumps(cfg))
        return dict(model=str(config), pretrained=str(weights))

    return make


def _shrink(node: object, clip: dict, channels: int, labels: str) -> None:
    """Put a tiny CLIP, its width, and two labels in the place of the real ones.

    ``channels`` are those of the trunk that stands in for another one than CLIP's,
    ``labels`` is a file about the two labels.
    """
    if isinstance(node, dict):
        if node.get('type') in ('CLIPBackbone', 'CLIPTextEncoder'):
            node.update(clip)
        if node.get('type') == 'TIMMBackbone':
            node.update(model_name='mobilenetv3_small_050', checkpoint_path='')
        if 'in_channels' in node:
            node['in_channels'] = channels
        if node.get('type') == 'ResNet':
            node.update(depth=18, base_channels=4, stem_channels=4)
        if 'embed_dim' in node:
            node['embed_dim'] = 16
        if 'classes' in node:
            node['classes'] = ['cat', 'dog']
        if node.get('type') == 'SSGRLHead':
            node['pooling'] = 1  # of 2 x 2 patches one would be left
        if 'graph' in node:
            node['graph'] = labels
        if 'label_vectors' in node:
            node.update(label_vectors=labels, vectors_key='vectors')
        for value in node.values():
            _shrink(value, clip, channels, labels)


def _tower(path: Path) -> str:
    """Return the kind of tiny CLIP whose trunk has the parts that a config names."""
    if 'small-clip' in path.stem:
        return 'timm'
    return 'vit' if 'vit' in path.stem else 'resnet'


@pytest.fixture(scope='session')
def tiny_labels(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with vectors and a label graph of two labels."""
    file = tmp_path_factory.mktemp('labels') / 'labels.npz'
    vectors = np.random.default_rng(0).normal(size=(2, 6)).astype('float32')
    counts = dict(counts=[4, 3], cooccurrence=[[0, 2], [2, 0]])
    np.savez(file, names=['cat', 'dog'], vectors=vectors, **counts)
    return str(file)


@pytest.fixture(scope='session')
def tiny_config(
    tiny_clip: Callable[..., dict], tiny_labels: str
) -> Callable[[Path | Config], Config]:
    """Read a config, with a tiny CLIP, its width and two labels for the real ones."""

    def read(config: Path | Config) -> Config:
        cfg = config if isinstance(config, Config) else Config.fromfile(config)
        channels = 32 if "'ResNet'" in str(cfg.model) else 1024
        clip = tiny_clip(_tower(Path(cfg.filename)))
        _shrink(cfg.model, clip, channels, tiny_labels)
        return cfg

    return read


@pytest.fixture(scope='session')
def reference_clip() -> Callable[[dict], torch.nn.Module]:
    """open_clip's own model with the weights of :func:`tiny_clip`, in eval mode."""

    def load(files: dict) -> torch.nn.Module:
        clip = open_clip.CLIP(**json.loads(Path(files['model']).read_text()))
        open_clip.load_checkpoint(clip, files['pretrained'])
        return clip.eval()

    return load


@pytest.fixture(scope='session')
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a tiny BERT of width 16 with large random weights and few words."""
    transformers = pytest.importorskip(
        'transformers', reason='transformers is not installed'
    )
    folder = tmp_path_factory.mktemp('bert')
    vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *BERT_WORDS.split(' ')]
    (folder / 'vocab.txt').write_text('\n'.join(vocab))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocab),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=12,
        initializer_range=0.5,
    )
    tokenizer = transformers.BertTokenizerFast(str(folder / 'vocab.txt'))
    tokenizer.save_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder, safe_serialization=True)
    return str(folder)


@pytest.fixture(scope='session')
def trained(
    tiny_clip: Callable[..., dict], tmp_path_factory: pytest.TempPathFactory
) -> SimpleNamespace:
    """A work dir as a short training leaves it: its ``folder``, ``config``,
    ``checkpoint``, and seven ``pictures`` of several sizes in ``root``.
    """
    root = tmp_path_factory.mktemp('trained')
    rng = np.random.default_rng(0)
    paths = []
    for i in range(7):
        small = rng.integers(0, 255, (3, 4, 3), np.uint8)
        img = cv2.resize(small, (60 + 9 * i, 90 - 5 * i))
        paths.append(str(root / f'{i}.png'))
        cv2.imwrite(paths[-1], img)
    names = root / 'classes.json'
    names.write_text(json.dumps(LABELS))
    records = [dict(img_path=f'{i}.png', gt_label=[i % 3]) for i in range(7)]
    content = dict(metainfo=dict(classes=LABELS), data_list=records)
    (root / 'labels.json').write_text(json.dumps(content))
    folder = root / 'run'
    folder.mkdir()
    config = folder / 'tiny.py'
    text = TRAINED.replace('{clip!r}', repr(tiny_clip('vit')))
    text = text.replace('{classes!r}', repr(str(names)))
    config.write_text(text.replace('{root!r}', repr(str(root))))
    torch.manual_seed(1)
    model = build_model(read_config(config))
    with torch.no_grad():
        model.head.bias.fill_(-1)
        for weight in model.neck.fusion.parameters():  # so that it does something
            weight.normal_(std=0.2)
    meta = dict(dataset_meta=dict(classes=LABELS))
    checkpoint = folder / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
    (folder / 'last_checkpoint').write_text(f'/elsewhere/{checkpoint.name}')
    return SimpleNamespace(
        folder=folder, config=config, checkpoint=checkpoint, pictures=paths, root=root
    )


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """The folder of real pictures and weights; the test is skipped without it."""
    default = Path(__file__).parents[2] / 'shared' / 'data'
    folder = Path(os.environ.get('MVLR_SHARED_DATA', default))
    if not folder.is_dir():
        pytest.skip('no real data: set MVLR_SHARED_DATA to its folder')
    return folder


class LikeInt(type):
    def __instancecheck__(cls, value):
        return isinstance(value, int)


class Int(int, metaclass=LikeInt):
    def __new__(cls, value):
        return int(value.item() if hasattr(value, 'item') else value)


class Counted(list):
    """A list that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator:
        self.times += 1
        return super().__iter__()


@pytest.fixture
def counted_names() -> Counted:
    """Fifty names."""
    return Counted(f'label {i}' for i in range(50))


@pytest.fixture(autouse=True)
def count_with_arrays(monkeypatch):
    """Triton 3.6's interpreter takes int() of arrays, which numpy 2.4 refuses."""
    if os.environ.get('TRITON_INTERPRET') == '1':
        from triton.runtime import interpreter

        monkeypatch.setattr(interpreter, 'int', Int, raising=False)
