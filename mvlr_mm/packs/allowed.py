"""What the settings of a pack may say: numbers, words of few places, known parts.

The settings come from others and are built into a model. So what they may name is
listed here, and everything else is refused: a type that is not on the lists; a text
where none belongs, for it might be the name of a file, an address or a Python object;
and arguments that make a part fetch weights of its own.
"""

import re
from collections.abc import Collection
from typing import Any

import timm


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Parts of the systems that MVLR is compared with.
PEERS = _names(
    """
    ADDGCNHead
    CMAHead
    CSRAHead
    CTranHead
    DualCoOpHead DualPrompts DualPromptsPerLabel
    KgCoOp
    M3TRHead
    MLDecoderHead MLDecoderTextHead
    MLGCNHead
    PatchCTHead
    Query2LabelHead
    SALGLHead
    SPARCHead
    SSGRLHead
    TagCLIPHead
    """
)
#: Parts of a model: those of this package, of mmpretrain, and of mmcv and torch.
PARTS = PEERS | _names(
    """
    VLClassifier CLIPBackbone DenseBackbone DenseProjection CLIPTextEncoder NeckSequence
    PDLR FixedLabels IFM QMVL CrossAttentionInteraction SelfAttentionInteraction
    WholePicture
    SimilarityHead VisualClassifierHead MeanPatchPooling MaxPatchPooling
    TopKPatchPooling SoftmaxPatchPooling LogitAsymmetricLoss KCRLoss ImageClassifier
    ClsDataPreprocessor TIMMBackbone ConvNeXt DenseNet EfficientNet EfficientNetV2
    LeNet5 MobileNetV2 MobileNetV3 RegNet ResNeSt ResNeXt ResNet ResNetV1c ResNetV1d
    SEResNet SwinTransformer SwinTransformerV2 VGG VisionTransformer
    GlobalAveragePooling PatchMean CSRAClsHead MultiLabelClsHead
    MultiLabelLinearClsHead AsymmetricLoss CrossEntropyLoss FocalLoss BN BN2d SyncBN GN
    LN LN2d GELU HSigmoid HSwish ReLU ReLU6 SiLU Sigmoid Swish Conv2d
    """
)
#: Transforms that bring a picture to the model.
TRANSFORMS = _names(
    """
    LoadImageFromFile LoadImageReduced LoadPicture NativeResize Resize ResizeEdge
    CenterCrop Pad PackInputs PackPlanes
    """
)
#: Arguments in which a word may stand, or a list of words.
WORDS = _names(
    """
    arch style out_type reduction mode refine order prompts interpolation
    interpolate_mode padding padding_mode pad_type backend edge color_type
    imdecode_backend input_key meta_keys algorithm_keys pool_type proj_type
    pos_embed_type block_type timm_pool timm_proj global_pool clean
    """
)
#: Arguments that make a part fetch something, or run it elsewhere: they say nothing.
NEVER = _names(
    """
    init_cfg pretrained timm_model_pretrained hf_model_pretrained hf_model_name
    hf_tokenizer_name tokenizer_mode pretrained_cfg pretrained_cfg_overlay
    checkpoint_path cache_dir file file_client_args backend_args train_cfg
    batch_augments scan_backend _scope_ _delete_
    """
)
_WORD = re.compile(r'[A-Za-z0-9_+-]{1,40}')
_KEY = re.compile(r'[A-Za-z_][A-Za-z0-9_]{0,63}')
_LARGEST = 2**24  # numpy makes lists of so many numbers, which nothing else bounds
_LONGEST = 1000  # letters
_DEEPEST = 16


def check_settings(
    value: Any, types: Collection[str], key: str = '', depth: int = 0
) -> None:
    """Refuse settings that could name more than what is listed here.

    Args:
        value: Settings of a part, or a value among them; data of json.
        types: :data:`PARTS` or :data:`TRANSFORMS`.
        key: The argument that it is the value of.
        depth: Of the value among the others.

    Raises:
        ValueError: The message says what was refused, and where.
    """
    if depth > _DEEPEST:
        raise ValueError(f'{key}: parts within parts, more than {_DEEPEST} deep.')
    if key in NEVER:
        if value not in (None, False):
            raise ValueError(f'{key} ({shortened(value)}) must not be set in a pack.')
    elif key in ('classes', 'background'):
        _check_texts(value, key)
    elif key == 'thr' and isinstance(value, dict):
        for threshold in value.values():
            _check_plain(threshold, key)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not _KEY.fullmatch(name):
                raise ValueError(f'{key}: {shortened(name)} is no name of an argument.')
            if name == 'type':
                _check_type(inner, types)
            else:
                check_settings(inner, types, name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_settings(inner, types, key, depth + 1)
    else:
        _check_plain(value, key)


def shortened(value: Any) -> str:
    """Return a value as a message shows it: one line, at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _check_type(value: Any, types: Collection[str]) -> None:
    if not isinstance(value, str) or value not in types:
        raise ValueError(
            f'the type {shortened(value)} is not among those that a pack may hold: '
            f'{", ".join(sorted(types))}.'
        )


def _check_length(value: Any, key: str) -> None:
    if isinstance(value, str) and len(value) > _LONGEST:
        raise ValueError(f'{key} has a text of {len(value)} letters; too long.')


def _check_texts(value: Any, key: str) -> None:
    names = value if isinstance(value, list) else [value]
    for name in names:
        _check_length(name, key)
    if names is not value or not all(isinstance(x, str) for x in names):
        raise ValueError(f'{key} ({shortened(value)}) must be a list of names.')


def _check_plain(value: Any, key: str) -> None:
    """Check a number, a bool, a null or a text."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        if not abs(value) <= _LARGEST:  # nor NaN
            raise ValueError(f'{key} ({shortened(value)}) is too large a number.')
        return
    _check_length(value, key)
    if key in ('template', 'context_init'):  # go to the tokenizer alone
        return
    if key in ('model_name', 'timm_model_name'):  # others could be of the hub
        if re.fullmatch(r'\w+(\.\w+)?', value) and timm.is_model(value.split('.')[0]):
            return
        raise ValueError(f'{key} ({shortened(value)}) is no model that timm has.')
    if key not in WORDS or not _WORD.fullmatch(value):
        raise ValueError(
            f'{key} ({shortened(value)}): no text may stand there, since it could name '
            'a file, an address or a program.'
        )
