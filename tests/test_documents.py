"""Every code block of README, CONTRIBUTING and the guides runs as it is printed.

A python block is a config, which is built and trained for a step, or a program, which
runs. They run in a folder that has what the documents speak of, where every CLIP is a
tiny one. Of a shell block the commands of this project are read as the shell would, and
those that need no training are run.
"""

import ast
import json
import re
import shlex
import shutil
from pathlib import Path
from unittest.mock import Mock

import huggingface_hub
import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import DATASETS, METRICS, MODELS
from mmpretrain.structures import DataSample
from PIL import Image
from transformers import BertConfig, BertModel, BertTokenizer

from mvlr_mm import packs
from mvlr_mm.apis import LoadedModel
from mvlr_mm.config import read_config
from mvlr_mm.evaluation import write_results
from mvlr_mm.evaluation.results import Results
from mvlr_mm.labels.known import COCO_CLASSES
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.models.clip import loading
from mvlr_mm.models.text import clip_text_encoder
from mvlr_mm.packs import write_pack
from mvlr_stack.command import main, parse

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md']
DOCUMENTS += sorted((ROOT / 'docs/guides').glob('*.md'))
BASE = "_base_ = './mvlr_rn101_coco.py'\n"  # of a block that only says what to add
CHECKPOINTS = ('mvlr_custom/epoch_30.pth', 'mvlr_rn101_coco/epoch_30.pth')


def blocks(language):
    """Return every block of a language, named after its document and line."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding='utf-8')
        pattern = rf'^( *)```{language}\n(.*?)^ *```'
        for match in re.finditer(pattern, text, re.MULTILINE | re.DOTALL):
            indent, body = match.groups()
            line = text.count('\n', 0, match.start()) + 1
            body = re.sub(f'^{indent}', '', body, flags=re.MULTILINE)
            found.append(pytest.param(body, id=f'{path.stem}:{line}'))
    return found


def assigned(text):
    """Return the name that each statement assigns, None for other statements."""
    targets = [getattr(node, 'targets', [None])[-1] for node in ast.parse(text).body]
    return [getattr(target, 'id', None) for target in targets]


def is_config(text):
    """Whether a block is a config, or what one adds to a config."""
    return '_base_' in text or ('import' not in text and 'dict(' in text)


def alternatives(text):
    """Return the configs of a block: one for each value of what it assigns twice."""
    names = assigned(text)
    parts = [ast.get_source_segment(text, node) for node in ast.parse(text).body]
    twice = [names.count(name) > 1 for name in names]
    if not any(twice):
        return [text]
    common = '\n'.join(p for p, two in zip(parts, twice, strict=True) if not two)
    return [f'{common}\n{p}' for p, two in zip(parts, twice, strict=True) if two]


PYTHON = blocks('python')
CONFIGS = [block for block in PYTHON if is_config(block.values[0])]
PROGRAMS = [block for block in PYTHON if not is_config(block.values[0])]


@pytest.fixture
def folder(tmp_path, monkeypatch, tiny_clip):
    """Where the blocks run: all that they speak of is there, and every CLIP is tiny."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, 'find_weights', lambda *_: None)
    kinds = {True: tiny_clip('vit')['model'], False: tiny_clip('resnet')['model']}

    def read(model):
        return json.loads(Path(kinds['ViT' in model]).read_text())

    monkeypatch.setattr(loading, 'read_clip_config', read)
    monkeypatch.setattr(clip_text_encoder, 'read_clip_config', read)
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / 'my_config.py').write_text(BASE.replace('./', 'configs/mvlr/'))
    rng = np.random.default_rng(0)
    scores, targets = rng.random((40, 3)), rng.integers(0, 2, (40, 3))
    results = Results(scores, targets, ['cat', 'dog', 'sea'], [''] * 40)
    write_results(tmp_path / 'of_a_test.npz', results)
    (tmp_path / 'data/custom').mkdir(parents=True)
    (tmp_path / 'data/custom/classes.json').write_text('["cat", "dog"]')
    vectors = rng.normal(size=(80, 300)).astype('float32')
    np.savez('data/coco80.npz', names=COCO_CLASSES, glove300=vectors)
    two = dict(counts=[2, 2], cooccurrence=np.ones((2, 2)), names=['cat', 'dog'])
    np.savez('data/custom/label_graph.npz', **two)
    np.savez('data/custom/label_vectors.npz', names=two['names'], clip=vectors[:2])
    return tmp_path


def trained(config):
    """Return the model of a config, as it is after a step, and its config."""
    cfg = read_config(config)
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, data_preprocessor=dict(cfg.data_preprocessor)))
    model.train()
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    inputs = [torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)] * 2
    samples = [DataSample().set_gt_label(labels) for labels in ([1], [])]
    data = dict(inputs=inputs, data_samples=samples)
    assert model.train_step(data, optimizer)['loss'].isfinite()
    return model, cfg


class MyNeck(torch.nn.Identity):
    """What CONTRIBUTING.md tells to write."""


@pytest.mark.parametrize('text', CONFIGS)
def test_a_config_is_built_and_trains(folder, text):
    if 'bert-base-uncased' in text:
        (folder / 'vocab.txt').write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\nphoto\n')
        small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
        BertModel(BertConfig(vocab_size=5, **small)).save_pretrained('bert')
        BertTokenizer(folder / 'vocab.txt').save_pretrained('bert')
        text = text.replace('bert-base-uncased', 'bert')
    if 'MyNeck' in text:
        MODELS.register_module(module=MyNeck, force=True)
    for child in alternatives(text):
        child = child if '_base_ =' in child else BASE + child
        child = child.replace('=512', '=16')  # the width of the tiny CLIPs
        path = folder / 'child.py'
        child = child.replace('/my/pictures', 'data/custom')
        path.write_text(child.replace("'./", f"'{ROOT}/configs/mvlr/"))
        _, cfg = trained(path)
        for split in ('train', 'val', 'test'):
            loader = cfg[f'{split}_dataloader']
            assert DATASETS.get(loader.dataset.type) is not None
        METRICS.build(cfg.val_evaluator)


def make_pack(model, cfg, monkeypatch):
    """Write a pack and a picture, and let a folder stand for the hub."""
    steps = cfg.test_dataloader.dataset.to_dict()['pipeline']
    loaded = LoadedModel(model.eval(), model.neck.classes, steps, None, cfg)
    write_pack('my_model', loaded, thresholds={'cat': 0.5, 'dog': 0.5})
    Image.new('RGB', (64, 64)).save('photo.jpg')
    monkeypatch.setattr(huggingface_hub, 'HfApi', Mock())

    def download(repo, local_dir, **kwargs):
        shutil.copytree('my_model', local_dir)

    monkeypatch.setattr(huggingface_hub, 'snapshot_download', download)


def leave_training(folder, model):
    """Make the work folders that the documents speak of, and some photos."""
    (folder / 'work_dirs/mvlr_custom').mkdir(parents=True)
    torch.save(dict(state_dict=model.state_dict()), f'work_dirs/{CHECKPOINTS[0]}')
    run = folder / 'work_dirs/my_config'
    run.mkdir()
    text = f"_base_ = '{ROOT}/configs/mvlr/mvlr_custom.py'\ndata_root = '{folder}'\n"
    (run / 'my_config.py').write_text(f"{text}classes = ['cat', 'dog']\n")
    shutil.copy(f'work_dirs/{CHECKPOINTS[0]}', run / 'epoch_1.pth')
    (run / 'last_checkpoint').write_text(str(run / 'epoch_1.pth'))
    labels = [dict(name=name, threshold=0.5) for name in ('cat', 'dog')]
    write_thresholds(run / 'thresholds.json', labels, dict(threshold=0.5))
    (folder / 'photos').mkdir()
    photo = Image.fromarray(np.full((64, 64, 3), 90, np.uint8))
    photo.save('photos/a.jpg')
    photo.save('photo.jpg')
    assert main(['pack', str(run), '--out', 'my_model']) == 0
    return photo


@pytest.mark.parametrize('name', sorted({p.id.split(':')[0] for p in PROGRAMS}))
def test_the_programs_of_a_document_run_one_after_the_other(folder, name, monkeypatch):
    # half a minute of the compiler, which the tests of `optimize` do spend
    monkeypatch.setattr(torch.nn.Module, 'compile', lambda module, **_: None)
    monkeypatch.setattr(Image.Image, 'show', lambda image: None)
    # a hub, which their own tests have a stand-in for
    monkeypatch.setattr(packs, 'push', lambda pack, repository: 64 * '0')
    monkeypatch.setattr(packs, 'from_hub', lambda repository, to, sha256: to)
    model, _ = trained('configs/mvlr/mvlr_custom.py')
    image = leave_training(folder, model)
    shutil.copy('of_a_test.npz', 'results.npz')
    names = dict(model=model, np=np, vectors=np.zeros((2, 3)), image=image)
    for block in PROGRAMS:
        if block.id.startswith(f'{name}:'):
            exec(compile(block.values[0], block.id, 'exec'), names)


def commands(text):
    """Return the words of each command of a block."""
    lines = text.replace('\\\n', ' ').splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line]


@pytest.mark.parametrize('text', blocks('bash'))
def test_commands_are_read_and_those_without_a_model_run(folder, text, monkeypatch):
    for checkpoint in CHECKPOINTS:
        path = folder / 'work_dirs' / checkpoint
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for first, *rest in commands(text):
        if first == 'mvlr' and rest[0] == 'init':
            for i in range(4):  # a folder a label
                picture = folder / f'my_pictures/{("cat", "dog")[i % 2]}/{i}.jpg'
                picture.parent.mkdir(parents=True, exist_ok=True)
                picture.write_text(str(i))
            assert main(rest) == 0
        elif first == 'mvlr' and rest[0] in ('eval', 'thresholds'):
            assert main(rest) == 0
        elif first == 'cd':
            monkeypatch.chdir(rest[0])
        elif first == 'mvlr':
            args = parse(rest)
            if rest[0] == 'test' and args.out:
                shutil.copy(folder / 'of_a_test.npz', args.out)
        elif rest and rest[0].startswith('tools/'):
            assert Path(rest[0]).is_file()
            configs = [word for word in rest if word.startswith('configs/')]
            assert all(Path(config).is_file() for config in configs)
            if rest[0] in ('tools/train.py', 'tools/test.py'):
                parse([Path(rest[0]).stem, *rest[1:]])
