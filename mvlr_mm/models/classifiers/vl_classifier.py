"""mmpretrain's classifier for a config that says each thing once."""

import inspect
from types import SimpleNamespace
from typing import Any

from mmengine.logging import print_log
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...structures import VLFeatures
from ..backbones import CLIPBackbone
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.onednn_maps import use_onednn
from ..necks import NeckSequence
from ..text import CLIPTextEncoder, TextEncoder

_OF_CLIP = ('model', 'pretrained')
_WIDTHS = ('embed_dim', 'in_channels')  # here and in mmpretrain's heads
_OF_KCR = ('knowledge', 'context')
_CLASSIFICATION = SimpleNamespace(
    results=[SimpleNamespace(task='Image Classification')]
)


@MODELS.register_module()
class VLClassifier(ImageClassifier):
    """``ImageClassifier`` that fills in what follows from the rest of its config.

    What a part says itself always stays as it is.

    - A :class:`CLIPBackbone` without ``model`` or ``pretrained`` takes those of
      ``clip``; a :class:`CLIPTextEncoder` those of the backbone, or of ``clip`` where
      the backbone is no CLIP's.
    - A stage of the neck, or a head, that has an ``embed_dim`` or ``in_channels`` and
      does not say it takes the width of the patches: the backbone's, or that of a
      ``DenseProjection``.
    - A head with a ``num_classes`` that says neither it nor its ``classes`` counts the
      labels of the prompt stage.
    - A head with a ``trained_scale`` that does not say it takes that of the text tower
      in the neck.
    - The last stage that chooses what to ``refine`` refines the patches alone where the
      head reads no labels (its ``reads``, fields of ``VLFeatures``).
    - A head's ``kcr`` is left out, with a line in the log, where no stage of a
      :class:`NeckSequence` provides what it compares: without IFM there is none.

    Args:
        backbone: Config of the backbone, or the backbone.
        neck: Config of the neck, or the neck.
        head: Config of the head, or the head.
        clip: ``model`` and ``pretrained`` of the CLIP; see
            :func:`mvlr_mm.models.clip.load_visual`.
        **kwargs: As in ``ImageClassifier``.

    Raises:
        ValueError: ``clip`` has another key, or the head reads no labels and no stage
            brings them to the patches, so that they could not learn.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        clip: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        clip = dict(clip or {})
        for key in clip:
            if key not in _OF_CLIP:
                raise ValueError(f'clip has {key!r}, but only {_OF_CLIP} stand there.')
        if isinstance(backbone, dict):
            if _class_of(backbone) is CLIPBackbone:
                backbone = _with(backbone, **clip)
                clip |= {key: backbone[key] for key in _OF_CLIP if key in backbone}
            backbone = MODELS.build(backbone)
        width = getattr(backbone, 'embed_dim', None)
        if isinstance(neck, dict):
            neck, width = _complete_neck(neck, clip, width)
            neck = MODELS.build(_for_head(neck, head))
        if isinstance(head, dict):
            head = _with_count(_complete(head, clip, width), neck)
            head = _without_kcr(_with_scale(head, neck), neck)
        super().__init__(backbone, neck, head, **kwargs)
        use_onednn(self)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        # here all weights are seen; a part is given its own alone
        if hasattr(self.head, 'complete_weights'):
            self.head.complete_weights(state_dict, f'{prefix}head.')
        super()._load_from_state_dict(state_dict, prefix, *args)

    @property
    def _metainfo(self) -> Any:
        """What ``mmpretrain.inference_model`` chooses an inferencer by."""
        return self.__dict__.get('_hub_entry') or _CLASSIFICATION

    @_metainfo.setter
    def _metainfo(self, entry: Any) -> None:
        # `get_model` sets the entry of its model hub, None for a config or a path
        self.__dict__['_hub_entry'] = entry

    @property
    def _dataset_meta(self) -> dict:
        """What mmpretrain's inferencers take the names of the labels from."""
        parts = (getattr(self, name, None) for name in ('neck', 'head'))
        names = next(filter(None, (getattr(p, 'classes', None) for p in parts)), None)
        known = {} if names is None else {'classes': names}
        return {**self.__dict__.get('_data_of_training', {}), **known}

    @_dataset_meta.setter
    def _dataset_meta(self, meta: dict) -> None:
        # `get_model` sets what a checkpoint says, or the class of the test data
        self.__dict__['_data_of_training'] = dict(meta)

    def features(self, inputs: Tensor) -> Any:
        """Return what the head reads: ``VLFeatures``, from the parts of this package.

        Args:
            inputs: Images (B, 3, H, W), normalised.
        """
        return super().extract_feat(inputs)

    def extract_feat(self, inputs: Tensor, stage: str = 'neck') -> Any:
        """Return features as tensors, for mmpretrain's ``FeatureExtractor``.

        Args:
            inputs: Images (B, 3, H, W), normalised.
            stage: ``backbone``, ``neck``, or ``pre_logits``, what the head makes of
                them before the logits.

        Returns:
            A tuple of the patches, as maps (B, D, H, W), and, where there are any, of
            the labels (B, C, D); other features as they are.
        """
        feats = super().extract_feat(inputs, stage)
        if not isinstance(feats, VLFeatures):
            return feats
        maps = feats.visual.transpose(1, 2).unflatten(2, feats.grid)
        if feats.labels is None:
            return (maps,)
        return maps, feats.batch_labels('extract_feat')

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Return logits (B, C), losses or predictions, as ``ImageClassifier`` does.

        Raises:
            ValueError: The head has learned other labels than the neck has now.
        """
        if mode == 'tensor' and self.with_head:
            feats = self.features(inputs)
            if isinstance(self.head, NamedLabelsHead):
                self.head.check_names(getattr(feats, 'names', None))
            return self.head(feats)
        return super().forward(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses of the head by name."""
        return self.head.loss(self.features(inputs), data_samples)

    def predict(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        **kwargs: Any,
    ) -> list[DataSample]:
        """Return a data sample with scores and labels for each image."""
        return self.head.predict(self.features(inputs), data_samples, **kwargs)


def _complete_neck(
    neck: dict, clip: dict, width: int | None
) -> tuple[dict, int | None]:
    """Return the neck's completed config, and the width of the patches behind it."""
    if _class_of(neck) is not NeckSequence:
        return _complete(neck, clip, width), neck.get('out_channels', width)
    neck = dict(neck)
    for name, stage in neck.items():
        if isinstance(stage, dict) and 'type' in stage:
            neck[name] = _complete(stage, clip, width)
            width = stage.get('out_channels', width)
    return neck, width


def _for_head(neck: dict, head: dict | nn.Module | None) -> dict:
    """Leave out of a neck's config what makes labels that the head does not read."""
    kind = _class_of(head) if isinstance(head, dict) else type(head)
    if _class_of(neck) is not NeckSequence or 'labels' in getattr(
        kind, 'reads', ('labels',)
    ):
        return neck
    stages = {
        name: _class_of(stage)
        for name, stage in neck.items()
        if isinstance(stage, dict)
    }
    makers, bringers = (
        [name for name, k in stages.items() if field in getattr(k, 'provides', ())]
        for field in ('labels', 'visual')
    )
    # to give patches is not enough: WholePicture reads no labels
    bringers = [n for n in bringers if 'labels' in getattr(stages[n], 'requires', ())]
    if makers and not bringers:
        raise ValueError(
            f'{kind.__name__} reads the patches alone and no stage of the neck '
            f'({", ".join(stages)}) brings the labels to them, so nothing of it could '
            'learn; add an interaction, such as QMVL, or leave the neck out: neck=None.'
        )
    for name in reversed(bringers):
        if 'refine' in inspect.signature(stages[name]).parameters:
            return {**neck, name: _with(neck[name], refine='visual')}
    return neck


def _complete(part: dict, clip: dict, width: int | None) -> dict:
    """Return a part's config with its width, and its text tower's CLIP."""
    encoder = part.get('text_encoder')
    if isinstance(encoder, dict) and _class_of(encoder) is CLIPTextEncoder:
        part = dict(part, text_encoder=_with(encoder, **clip))
    kind = _class_of(part)
    taken = inspect.signature(kind).parameters if width and kind else ()
    widths = {name: width for name in _WIDTHS if name in taken}
    return _with(part, **widths)


def _with(part: dict, **defaults: Any) -> dict:
    """Return a config with what it does not say; None says only that of weights."""
    said = {k: v for k, v in part.items() if v is not None or k == 'pretrained'}
    return {**part, **defaults, **said}


def _with_count(head: dict, neck: nn.Module | None) -> dict:
    """Return a head's config with the number of labels that the neck's stage names."""
    kind = _class_of(head)
    if (
        getattr(neck, 'classes', None) is None
        or kind is None
        or 'num_classes' not in inspect.signature(kind).parameters
        or not {'num_classes', 'classes'}.isdisjoint(head)
    ):
        return head
    return dict(head, num_classes=len(neck.classes))


def _with_scale(head: dict, neck: nn.Module | None) -> dict:
    """Return a head's config with the factor of the cosines of the neck's CLIP."""
    kind = _class_of(head)
    if kind is None or 'trained_scale' not in inspect.signature(kind).parameters:
        return head
    parts = () if neck is None else neck.modules()
    tower = next((part for part in parts if isinstance(part, TextEncoder)), None)
    return _with(head, trained_scale=getattr(tower, 'trained_scale', None))


def _without_kcr(head: dict, neck: nn.Module | None) -> dict:
    """Leave ``kcr`` out of a head's config where no stage provides for it."""
    if head.get('kcr') is None or not isinstance(neck, NeckSequence):
        return head
    provided = {name for s in neck.children() for name in getattr(s, 'provides', ())}
    if provided.issuperset(_OF_KCR):
        return head
    print_log(
        f'The head goes without kcr: no stage of the neck ({", ".join(neck.names)}) '
        f'provides {" and ".join(_OF_KCR)}.',
        logger='current',
    )
    return dict(head, kcr=None)


def _class_of(part: dict) -> type | None:
    """Return the class that a config builds, None where it is not known."""
    kind = part.get('type')
    return MODELS.get(kind) if isinstance(kind, str) else kind
