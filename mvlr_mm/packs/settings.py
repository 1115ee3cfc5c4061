"""From the config of a trained model to settings that are data alone."""

from typing import Any

from mmengine.registry import DefaultScope, Registry
from mmpretrain import registry
from torch import Tensor, nn

from ..loaded_model import LoadedModel
from ..models.clip import read_clip_config
from ..models.heads.label_files_head import LabelFilesHead
from ..models.necks import PDLR, FixedLabels, LabelVectors, NeckSequence
from ..models.text import HFTextEncoder, TextEncoder
from .allowed import NEVER, PARTS, TRANSFORMS

# What `load_visual` and `load_text` read of a CLIP's config.
_OF_CLIP = ('embed_dim', 'quick_gelu', 'vision_cfg', 'text_cfg')


def model_settings(
    loaded: LoadedModel, with_text: bool
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the settings of a model, and the weights that belong to them.

    Stages that need files (:class:`LabelVectors`), or a text tower that is left out,
    become :class:`FixedLabels`; heads that read files of labels go without them, since
    the weights have what they said. What only training and the loading of pretrained
    weights read is left out; a CLIP's name becomes its config.

    Args:
        loaded: The model and its config.
        with_text: Whether text towers stay.

    Raises:
        ValueError: A part is not among those that a pack may hold, or its text tower
            is of the transformers library; or the model has other labels by now.
    """
    loaded.check_labels()
    settings = loaded.config.model.to_dict()
    settings.setdefault('data_preprocessor', loaded.config.get('data_preprocessor'))
    weights = dict(loaded.model.state_dict())
    _fix_labels(settings, weights, loaded.model, with_text)
    _name_thresholds(settings, loaded.model)
    head = getattr(loaded.model, 'head', None)
    if isinstance(head, LabelFilesHead):
        settings['head'].update(head.without_files())
    translate = _Translator(registry.MODELS, PARTS, loaded.classes, with_text)
    return translate.part(settings), weights


def pipeline_settings(loaded: LoadedModel) -> list[dict[str, Any]]:
    """Return the settings of the transforms of the test.

    Raises:
        ValueError: A transform is not among those that a pack may hold.
    """
    translate = _Translator(registry.TRANSFORMS, TRANSFORMS, loaded.classes, False)
    return [translate.part(step) for step in loaded.pipeline]


def has_text_tower(model: nn.Module) -> bool:
    """Whether a model makes labels from text."""
    return any(isinstance(module, TextEncoder) for module in model.modules())


def templates(model: nn.Module) -> dict[str, str | None]:
    """Return the hard prompt of every stage that makes labels from text."""
    found = (m for m in model.named_modules() if isinstance(m[1], PDLR))
    return {
        name.rpartition('.')[2]: stage.template if stage.use_hard else None
        for name, stage in found
    }


def quick_gelu(settings: Any) -> bool | None:
    """Return whether the CLIP in some settings has QuickGELU; None without a CLIP."""
    if not isinstance(settings, dict):
        return None
    if 'vision_cfg' in settings:
        return bool(settings.get('quick_gelu', False))
    found = (quick_gelu(value) for value in settings.values())
    return next((flag for flag in found if flag is not None), None)


def _fix_labels(
    settings: dict, weights: dict[str, Tensor], model: nn.Module, with_text: bool
) -> None:
    """Put fixed labels in the place of stages that cannot go along; in place."""
    neck = getattr(model, 'neck', None)
    stages = dict(neck.named_children()) if isinstance(neck, NeckSequence) else {}
    for name, stage in (stages or {'': neck}).items():
        if isinstance(stage, PDLR) and with_text:
            continue
        if not isinstance(stage, (PDLR, LabelVectors, FixedLabels)):
            continue
        fixed = FixedLabels.of(stage)
        place = f'neck.{name}.' if name else 'neck.'
        for key in [key for key in weights if key.startswith(place)]:
            del weights[key]
        weights.update(fixed.state_dict(prefix=place))
        parent, key = (settings['neck'], name) if name else (settings, 'neck')
        parent[key] = dict(
            type='FixedLabels',
            classes=list(fixed.classes),
            embed_dim=fixed.labels.shape[1],
        )
        if 'negative' in fixed.named_rows:
            parent[key]['negative'] = True


def _name_thresholds(settings: dict, model: nn.Module) -> None:
    """Let a head say its thresholds itself instead of a file of them; in place."""
    found = getattr(getattr(model, 'head', None), 'label_thresholds', None)
    if found is not None:
        settings['head']['thr'] = {
            name: None if value == float('inf') else value
            for name, value in found.by_name.items()
        }


class _Translator:
    """Turns configs into settings of json, with the types that a pack may hold."""

    def __init__(
        self,
        known: Registry,
        types: frozenset[str],
        classes: tuple[str, ...],
        with_text: bool,
    ) -> None:
        self.known = known
        self.types = types
        self.classes = classes
        self.with_text = with_text

    def part(self, config: dict) -> dict[str, Any]:
        """Return the settings of a part."""
        name = self._type(config['type'])
        rest = {k: v for k, v in config.items() if k != 'type'}
        return {'type': name, **self._arguments(rest)}

    def _arguments(self, config: dict) -> dict[str, Any]:
        return {
            key: self._value(key, value)
            for key, value in config.items()
            if key not in NEVER
        }

    def _value(self, key: str, value: Any) -> Any:
        if key == 'classes':
            return list(self.classes)
        if key == 'text_encoder' and not self.with_text:
            return None  # its texts are among the weights
        if key == 'model' and value is not None:
            return self._clip(value)
        if key == 'thr' and isinstance(value, dict):
            return dict(value)
        if isinstance(value, dict):
            return self.part(value) if 'type' in value else self._arguments(value)
        if isinstance(value, (list, tuple)):
            return [self._value(key, inner) for inner in value]
        return value

    def _clip(self, model: str | dict) -> dict[str, Any]:
        config = read_clip_config(model)
        config = {key: config[key] for key in _OF_CLIP if key in config}
        text = config['text_cfg'] if self.with_text else {}
        if text.get('hf_tokenizer_name'):
            raise ValueError(
                f'model ({model!r}): its tokenizer belongs to the transformers '
                f'library ({text["hf_tokenizer_name"]}) and would have to be '
                'downloaded; leave the text tower out: --without-text.'
            )
        return self._arguments({**config, 'text_cfg': text})

    def _type(self, given: str | type) -> str:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            kind = self.known.get(given) if isinstance(given, str) else given
            if kind is HFTextEncoder:
                raise ValueError(
                    'the text tower is a model of the transformers library, which '
                    'would have to be downloaded; leave it out: --without-text.'
                )
            names = (str(given).rpartition('.')[2], getattr(kind, '__name__', ''))
            for name in names:  # the second where the first is one of before
                if name in self.types and self.known.get(name) is kind:
                    return name
        raise ValueError(
            f'{given} is not among the parts that a pack may hold, which are known to '
            f'run nothing that comes with it: {", ".join(sorted(self.types))}.'
        )
