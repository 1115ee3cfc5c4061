"""Results of twelve pictures and four labels, one of them with a hostile name."""

import cv2
import numpy as np
import pytest

from mvlr_mm.evaluation.results import Results
from mvlr_mm.report import judge_results

NAMES = ['<script>alert(1)</script>', 'dog', 'a & b', 'never there']


@pytest.fixture(scope='session')
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pictures')
    rng = np.random.default_rng(0)
    paths = []
    for i in range(12):
        paths.append(str(folder / f'{i}.png'))
        img = np.full((30 + i, 40, 3), (0, 10 * i, 200), np.uint8)
        cv2.imwrite(paths[-1], img)
    targets = np.zeros((12, 4), np.int8)
    targets[:6, 0] = targets[::2, 1] = targets[3:9, 2] = 1
    targets[11, 2] = -1
    scores = 0.15 + 0.6 * (targets == 1) + 0.1 * rng.random(targets.shape)
    scores[0] = 0.1, 0.9, 0.8, 0.05  # 0 missed, 2 wrong
    scores[1] = 0.2, 0.2, 0.7, 0.05
    return Results(scores.astype(np.float32), targets, NAMES, paths)


@pytest.fixture(scope='session')
def tested(results):
    return judge_results(results)
