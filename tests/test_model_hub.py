from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from mmpretrain import (
    ImageClassificationInferencer,
    get_model,
    inference_model,
    list_models,
)
from mmpretrain.apis.model import ModelHub

from mvlr_mm.model_hub import register_models
from mvlr_mm.models.classifiers import VLClassifier

ROOT = Path(__file__).parents[1]


def test_every_model_of_the_index_is_listed():
    names = []
    for file in yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']:
        models = yaml.safe_load((ROOT / file).read_text())['Models']
        names += [model['Name'].lower() for model in models]
    assert set(names) <= set(list_models())
    # what a metafile says of results must not hide the model from mmpretrain's parts
    assert set(names) <= set(ImageClassificationInferencer.list_models())
    multi_label = set(list_models(task='Multi-Label Classification'))
    assert {'mvlr_custom_small-clip', 'query2label_custom_small-clip'} <= multi_label
    assert set(list_models('mvlr_')) == {n for n in names if n.startswith('mvlr_')}
    assert 'resnet50_8xb32_in1k' in list_models()
    register_models()  # once more is no conflict
    for name in names:
        assert Path(ModelHub._models_dict[name].config).is_file()


@pytest.mark.parametrize('name', ['mvlr_rn101_coco', 'mvlr_vitb16_voc07'])
def test_a_model_is_found_by_name_and_run(name, tiny_clip, tmp_path):
    clip = tiny_clip('vit' if 'vit' in name else 'resnet')
    model = get_model(name, clip=clip)
    assert isinstance(model, VLClassifier)
    labels = model.neck.classes
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((40, 50, 3), 99, np.uint8))
    found = inference_model(model, path)
    assert found['pred_scores'].shape == (len(labels),)
    assert found['pred_class'] == labels[found['pred_label']]
