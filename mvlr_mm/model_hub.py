"""Our models by name, for mmpretrain's ``get_model`` and the like.

``mmpretrain.list_models('mvlr')``, ``get_model('mvlr_rn101_coco')`` and
``inference_model('mvlr_rn101_coco', picture)`` find them.
"""

from pathlib import Path

from mmpretrain.apis.model import ModelHub
from modelindex.models.Result import Result
from modelindex.models.ResultList import ResultList

_FOLDER = Path(__file__).parent / '.mim'
# mmpretrain chooses an inferencer by it, and knows no multi-label task there.
_TASK = 'Image Classification'


def register_models() -> None:
    """Enter the models of the package into mmpretrain's hub, once."""
    if any(
        str(x.config).startswith(str(_FOLDER)) for x in ModelHub._models_dict.values()
    ):
        return
    before = set(ModelHub._models_dict)
    ModelHub.register_model_index(_FOLDER / 'model-index.yml', config_prefix=_FOLDER)
    for name in set(ModelHub._models_dict) - before:
        entry = ModelHub._models_dict[name]
        as_single = Result(task=_TASK, dataset=None, metrics={})
        entry.results = ResultList([*(entry.results or ()), as_single])
