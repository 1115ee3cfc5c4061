"""Stop before features are used that the model would not give."""

import os
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import DataLoader

from ..engine import FreezeModules
from ..models.backbones.patch_backbone import PatchBackbone
from ..models.text.fingerprint import fingerprint
from ..stores.folder import INDEX
from ..stores.lists import pipeline_of, sizes_of
from ..stores.reasons import first
from .arrays import plain_pipeline
from .computing import FrozenPart, Views, preprocessor_of
from .differences import differences
from .frozen_part import (
    PATCHES,
    backbone_of,
    frozen_stage,
    frozen_weights,
    stages_of,
)
from .index import ArrayInfo, Index, read_index
from .load_features import open_array

# root mean square over that of the picture: float16 makes 0.0002, TF32 some 0.001
_DIFFERENCE = 0.003


@HOOKS.register_module()
class CheckFeatures(Hook):
    """Compare kept features with the backbone, its pixels, pipelines and lists.

    At last one picture is computed anew, which also tells what no list does: another
    activation of the same weights, another reader of pictures. Of a picture that was
    written to since, with as many bytes as before, a warning tells.

    Args:
        folder: Of ``mvlr features``.

    Raises:
        ValueError: Before the first step: the features do not fit, or the backbone
            trains; the message says what differs.
    """

    # behind FreezeModules
    priority = 'HIGH'

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def before_train(self, runner: Runner) -> None:
        """Check what is trained on, and what is validated on."""
        freezers = [hook for hook in runner.hooks if isinstance(hook, FreezeModules)]
        stage = frozen_stage(runner.model, freezers)
        loaders = {'train': runner.train_dataloader}
        if runner.val_loop is not None:
            loaders['val'] = runner.val_dataloader
        self._check(runner, stage, loaders)

    def before_test(self, runner: Runner) -> None:
        """Check what is tested on, against the weights of the checkpoint."""
        # nothing trains now: what was kept up to any part of the backbone serves
        self._check(runner, PATCHES, {'test': runner.test_dataloader})

    def _check(
        self, runner: Runner, stage: str, loaders: dict[str, DataLoader]
    ) -> None:
        kept, backbone = read_index(self.folder), backbone_of(runner.model)
        stages = stages_of(backbone)
        if kept.stage in stages[: stages.index(stage)]:
            stage = kept.stage  # more of the backbone may be frozen than was kept
        pictures, arrays = {}, {}
        for split, loader in loaders.items():
            name = kept.array_of(split)
            if name is None:
                raise ValueError(
                    f'features {self.folder} have none of {split}; make them with a '
                    f'config that has a {split}_dataloader.'
                )
            info = kept.arrays[name]
            plain = name == info.split
            pipeline = (plain_pipeline if plain else pipeline_of)(runner.cfg, split)
            arrays[name] = ArrayInfo(info.split, info.views, pipeline)
            pictures[info.split] = sizes_of(loader.dataset)
        wanted = Index(
            stage=stage,
            weights=fingerprint(frozen_weights(backbone, stage)),
            preprocessor=preprocessor_of(runner.cfg),
            seed=kept.seed,
            pictures=pictures,
            arrays=arrays,
            same={},
        )
        reasons = list(differences(kept, wanted, whole=False))
        if not reasons:
            reasons = self._compare_one(backbone, kept, arrays, pictures)
        if reasons:
            raise ValueError(
                f'features {self.folder} do not fit: {"; ".join(reasons)}. Make others '
                'with `mvlr features CONFIG --out FOLDER`, or go without: '
                'features=None.'
            )
        self._tell_of_written(runner, pictures)

    def _tell_of_written(
        self, runner: Runner, pictures: dict[str, dict[str, int]]
    ) -> None:
        """Say which pictures may show something else by now."""
        made = (Path(self.folder) / INDEX).stat().st_mtime
        paths = (path for split in pictures.values() for path in split)
        written = [p for p in paths if Path(p).is_file() and os.stat(p).st_mtime > made]
        if written:
            runner.logger.warning(
                f'{len(written)} pictures were written to after the features '
                f'{self.folder} were begun, and have as many bytes as then: '
                f'{first(written)}. If they show something else now, make the features '
                'anew with --overwrite.'
            )

    def _compare_one(
        self,
        backbone: PatchBackbone,
        kept: Index,
        arrays: dict[str, ArrayInfo],
        pictures: dict[str, dict[str, int]],
    ) -> list[str]:
        """Return what is wrong with the first picture for the last array, if it is."""
        name, info = list(arrays.items())[-1]
        path = next(iter(pictures[info.split]))  # the first kept may be in no list now
        if not Path(path).is_file():
            return []
        place = list(kept.pictures[info.split]).index(path)
        records = [{'img_path': path}] * (place + 1)  # views are drawn by the place
        views = Views(records, info.pipeline, info.views, kept.seed)
        part = FrozenPart(backbone, kept.stage, kept.preprocessor)
        here = part([views[place * info.views]])[0].float().cpu().numpy()
        there = open_array(self.folder, name)[place, 0].astype(here.dtype)
        if here.shape != there.shape:
            return [f'size: {path} gives {here.shape} here and {there.shape} there']
        other = np.sqrt(np.square(here - there).mean() / np.square(there).mean())
        if other <= _DIFFERENCE:
            return []
        return [
            f'values: {path} gives others now, by {100 * other:.1f} %: the backbone, '
            'or what reads pictures, is another'
        ]
