"""Computing features: pictures through their pipeline, then through a frozen part."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS, TRANSFORMS
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from ..models.backbones.patch_backbone import PatchBackbone
from ..models.layers.fold_norms import fold_norms
from ..stores.folder import as_data
from ..structures import VLFeatures
from .frozen_part import PATCHES, TRUNK

#: What a preprocessor does to labels, and no picture depends on.
_OF_LABELS = ('to_onehot', 'num_classes', 'batch_augments')


def preprocessor_of(cfg: Config) -> dict:
    """Return the settings that say how pictures are normalised."""
    found = cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor') or {}
    found = {key: value for key, value in found.items() if key not in _OF_LABELS}
    return as_data({'type': 'ClsDataPreprocessor', **found})


class Views(Dataset):
    """Every view of every picture, as a pipeline makes them.

    What is drawn depends on the seed, the picture's place and the view alone: not on
    processes, nor on where an earlier attempt was stopped.

    Args:
        records: Of the pictures, with ``img_path``.
        pipeline: Configs of the transforms; the last packs.
        views: Of each picture.
        seed: Of what the transforms draw.
    """

    def __init__(
        self, records: Sequence[dict], pipeline: list[dict], views: int, seed: int
    ) -> None:
        self.records, self.views, self.seed = records, views, seed
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.pipeline = Compose([TRANSFORMS.build(dict(step)) for step in pipeline])

    def __len__(self) -> int:
        return len(self.records) * self.views

    def __getitem__(self, number: int) -> Tensor:
        """Return the picture (3, H, W) of a view.

        Raises:
            ValueError: The pipeline leaves the picture out.
        """
        place, view = divmod(number, self.views)
        record = self.records[place]
        with _drawing_from(self.seed, place, view):
            data = self.pipeline(deepcopy(record))
        if data is None:
            raise ValueError(f'{record["img_path"]} is left out by the pipeline.')
        return data['inputs']


@contextmanager
def _drawing_from(*seed: int) -> Iterator[None]:
    """Let everything that transforms draw from follow from some numbers."""
    before = np.random.get_state(), random.getstate(), torch.get_rng_state()
    draw = np.random.SeedSequence(seed).generate_state(3).tolist()
    np.random.seed(draw[0])
    random.seed(draw[1])
    # not torch.manual_seed, which would seed the GPUs of a training as well
    torch.default_generator.manual_seed(draw[2])
    try:
        yield
    finally:
        np.random.set_state(before[0])
        random.setstate(before[1])
        torch.set_rng_state(before[2])


class FrozenPart:
    """What of a backbone does not train, from the pictures of a pipeline on.

    Args:
        backbone: Put in eval mode.
        stage: See :func:`~mvlr_mm.features.frozen_part.frozen_stage`.
        preprocessor: Settings of what normalises pictures.
    """

    def __init__(self, backbone: PatchBackbone, stage: str, preprocessor: dict) -> None:
        self.backbone, self.stage = backbone.eval(), stage
        self._is_cut_checked = False
        device = next(backbone.parameters()).device
        self.preprocessor: nn.Module = MODELS.build(dict(preprocessor)).to(device)

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Tensor]) -> Tensor:
        """Return features in float16, of pictures (3, H, W).

        They are patches (B, h, w, D), or what a part of the trunk gives.

        Raises:
            ValueError: The pictures have several sizes, a feature is too large, or the
                trunk does not run its parts one after the other.
        """
        sizes = sorted({tuple(picture.shape) for picture in pictures})
        if len(sizes) > 1:
            raise ValueError(
                f'pictures come in several sizes, such as {sizes[0]} and {sizes[-1]}; '
                'bring all to one in the pipeline: Resize with width and height.'
            )
        inputs = self.preprocessor({'inputs': list(pictures)})['inputs']
        values = self._features(inputs).half()
        if not values.isfinite().all():
            raise ValueError(
                'a feature is beyond 65,504, the largest number of float16, or none at '
                'all; this backbone cannot be kept in it.'
            )
        return values

    def fold(self, picture: Tensor) -> None:
        """Make norms part of the convolutions before them: rounding alone, and faster.

        The backbone that was given stays as it is.

        Args:
            picture: (3, H, W), to see what takes whose output.

        Raises:
            ValueError: As when called.
        """
        self([picture])  # where the trunk is cut is looked at once, by other runs
        inputs = self.preprocessor({'inputs': [picture]})['inputs']
        given = self.backbone
        try:
            self.backbone = deepcopy(given)
            fold_norms(self.backbone, lambda: self._features(inputs))
        # no copy can be made, or a convolution's output is used beside its norm
        except RuntimeError:
            self.backbone = given

    def _features(self, inputs: Tensor) -> Tensor:
        if self.stage not in (TRUNK, PATCHES):
            return self._map(inputs)
        whole = self.backbone.trunk_patches if self.stage == TRUNK else self.backbone
        patches, grid = whole(inputs)[:2]
        return patches.unflatten(1, grid)

    def _map(self, inputs: Tensor) -> Tensor:
        """Return what a part of the trunk gives, from which the rest goes on alike."""
        kept = self.backbone.stage_map(inputs, self.stage)
        if not self._is_cut_checked:
            # what follows may write into what it is given
            given = kept._replace(values=kept.values.clone())
            try:
                apart = _apart(self.backbone(given), self.backbone(inputs))
            # whatever a foreign trunk makes of what it does not expect
            except Exception as error:
                apart = f'{type(error).__name__}: {error}'
            if apart:
                raise ValueError(
                    f'{type(self.backbone).__name__}: behind {self.stage} the trunk '
                    f'does not go on from what that part gives ({apart}), so that its '
                    'leading parts cannot be kept. Freeze all of it, or train on '
                    'pictures.'
                )
            self._is_cut_checked = True
        return kept.values


def _apart(found: VLFeatures, expected: VLFeatures) -> str:
    """Return how far patches are from others; nothing where only rounding is."""
    if found.grid != expected.grid:
        return f'a grid of {found.grid} in the place of {expected.grid}'
    difference = found.visual - expected.visual
    other = difference.square().mean() / expected.visual.square().mean()
    return '' if other <= 1e-6 else f'others by {100 * other.sqrt():.1f} %'


def compute(
    part: FrozenPart, views: Views, done: int, batch_size: int, workers: int
) -> Iterator[Tensor]:
    """Yield the features of batches of views, in their order.

    Without a GPU every process runs the frozen part as well, with one thread: so all
    cores are busy from the file to the features.

    Args:
        part: From pictures to features.
        views: The pictures.
        done: How many of them to pass over.
        batch_size: Views of a batch.
        workers: Processes; 0 for this one alone.
    """
    on_cpu = next(part.backbone.parameters()).device.type == 'cpu'
    loader = DataLoader(
        Subset(views, range(done, len(views))),
        batch_size,
        num_workers=workers,
        collate_fn=part if on_cpu else list,
        # forked, so that the model is in memory once
        multiprocessing_context='fork' if workers else None,
    )
    for batch in loader:
        yield batch if on_cpu else part(batch).cpu()
