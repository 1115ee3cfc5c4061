"""The data of each leaf on a public set: built from its genuine files, in small."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS, METRICS

from mvlr_mm.datasets.checking.splits import read_splits
from mvlr_mm.datasets.checking.verification import verify
from mvlr_mm.labels.known import NUSWIDE_CLASSES, PA100K_NAMES
from mvlr_mm.labels.names import read_label_names

ROOT = Path(__file__).parents[1] / 'configs/mvlr'
XML = (
    '<annotation><object><name>{}</name><difficult>0</difficult></object>'
    '<object><name>diningtable</name><difficult>1</difficult></object></annotation>'
)


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((30, 40, 3), 127, np.uint8))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def coco(root):
    for part in ('train', 'val'):
        picture(root / f'{part}2014/1.jpg')
        categories = [
            dict(id=i, name=name) for i, name in enumerate(read_label_names('coco'))
        ]
        content = dict(
            images=[dict(id=9, file_name='1.jpg')],
            annotations=[dict(image_id=9, category_id=2)],
            categories=categories,
        )
        path = root / f'annotations/instances_{part}2014.json'
        write(path, json.dumps(content))


def voc07(root):
    for part, name, label in (('trainval', 'a', 'dog'), ('test', 'b', 'cat')):
        picture(root / f'JPEGImages/{name}.jpg')
        write(root / f'ImageSets/Main/{part}.txt', f'{name}\n')
        write(root / f'Annotations/{name}.xml', XML.format(label))


def nuswide(root):
    for part in ('Train', 'Test'):
        picture(root / f'Flickr/sun/{part}.jpg')
        write(root / f'ImageList/{part}Imagelist.txt', f'sun\\{part}.jpg\r\n')
        row = ['1' if name == 'sun' else '0' for name in NUSWIDE_CLASSES]
        write(root / f'Groundtruth/Labels_{part}.txt', ' '.join(row) + '\n')


def pa100k(root):
    savemat = pytest.importorskip('scipy.io').savemat
    arrays = dict(attributes=np.array(PA100K_NAMES, dtype=object)[:, None])
    for part in ('train', 'val', 'test'):
        picture(root / f'data/{part}.jpg')
        arrays[f'{part}_images_name'] = np.array([[f'{part}.jpg']], dtype=object)
        arrays[f'{part}_label'] = np.eye(1, 26, 7, dtype=np.uint8)
    savemat(root / 'annotation.mat', arrays)


@pytest.mark.parametrize(
    ('make', 'train', 'test', 'size'),
    [
        (coco, [2], [2], (448, 448)),
        (voc07, [10, 11], [7], (448, 448)),
        (nuswide, [NUSWIDE_CLASSES.index('sun')], None, (448, 448)),
        (pa100k, [7], None, (256, 192)),
    ],
    ids=lambda x: getattr(x, '__name__', ''),
)
def test_data_and_metric_are_built_from_the_config(tmp_path, make, train, test, size):
    make(tmp_path)
    cfg = Config.fromfile(ROOT / f'mvlr_rn101_{make.__name__}.py')
    classes = read_label_names(cfg.model.neck.prompt.classes)
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.dataset.data_root = str(tmp_path)
        dataset = DATASETS.build(loader.dataset)
        assert dataset.metainfo['classes'] == classes
        sample = dataset[0]
        assert sample['inputs'].shape == (3, *size)
        wanted = train if split == 'train' or test is None else test
        assert sample['data_samples'].gt_label.tolist() == wanted
        left_out = make is voc07 and split != 'train'
        if left_out:
            states = sample['data_samples'].gt_score
            assert (states < 0).nonzero().flatten().tolist() == [10]
        assert ('gt_score' in sample['data_samples']) == left_out
    METRICS.build(cfg.test_evaluator)
    # the drawn pictures are all alike, and nothing else is wrong
    problems = verify(read_splits(cfg), workers=1).problems
    assert {problem.kind for problem in problems} <= {'shared', 'duplicate'}
