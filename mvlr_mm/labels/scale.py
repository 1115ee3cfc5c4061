"""What brings scores of untrained labels to the scale of the trained ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from mvlr_stack.outputs import whole_file

from ..json_tensor import decode, encode

FORMAT = 'mvlr-names-1'
_KEYS = {'patches', 'settings'}


@dataclass(frozen=True, eq=False)
class NameScale:
    """From a similarity of picture and name to a logit like those of trained labels.

    The similarity is standardised over some pictures of the val set, if any, and then
    ``slope * z + bias``, which were fitted on the trained labels, scored as if they
    were new. One over the slope is the temperature.
    """

    classes: tuple[str, ...]  # the trained labels
    generic: tuple[str, ...]  # names whose mean is the level of a picture
    slope: float
    bias: float
    weights: str  # fingerprint of what compares names with pictures
    grid: tuple[int, int]  # rows and columns of patches
    patches: Tensor  # (M, N, D) float16, of M pictures, before the prompt stage

    def __post_init__(self) -> None:
        for name in ('classes', 'generic'):
            names = getattr(self, name)
            if not names or not all(isinstance(x, str) for x in names):
                raise ValueError(f'{name} must be names, at least one.')
        if not all(math.isfinite(x) for x in (self.slope, self.bias)):
            raise ValueError(
                f'slope ({self.slope}), bias ({self.bias}) must be finite.'
            )
        shape, kind = tuple(self.patches.shape), self.patches.dtype
        if len(shape) != 3 or shape[0] == 1 or shape[1] != math.prod(self.grid):
            raise ValueError(
                f'patches {shape} must be of none or two pictures or more, and as many '
                f'as a grid of {self.grid} has.'
            )
        if kind != torch.float16 or not self.patches.isfinite().all():
            raise ValueError(f'patches ({kind}) must be finite numbers in float16.')

    def check(self, classes: Sequence[str]) -> None:
        """Compare the trained labels with those of a model.

        Raises:
            ValueError: They are others, or in another order.
        """
        if tuple(classes) != self.classes:
            raise ValueError(
                f'the scale of new names was measured with {len(self.classes)} labels '
                f'({self.classes[0]!r}, ...), and the model has {len(classes)} '
                f'({classes[0]!r}, ...), others or in another order: measure it again, '
                '`mvlr names WORK_DIR`.'
            )

    def check_weights(self, weights: str) -> None:
        """Compare the weights with those of a model.

        Args:
            weights: As :func:`mvlr_mm.apis.retag.comparing_weights` gives them.

        Raises:
            ValueError: They are others.
        """
        if weights != self.weights:
            raise ValueError(
                'the scale of new names was measured with other weights of prompts and '
                'head, as of an earlier training: measure it again, `mvlr names '
                'WORK_DIR --overwrite`, or take names.safetensors away.'
            )

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        settings = dict(
            format=FORMAT,
            classes=self.classes,
            generic=self.generic,
            slope=self.slope,
            bias=self.bias,
            weights=self.weights,
            grid=self.grid,
        )
        return save({'settings': encode(settings), 'patches': self.patches})

    @classmethod
    def from_bytes(cls, content: bytes) -> 'NameScale':
        """Read the content of a file.

        Raises:
            ValueError: It is no such file.
        """
        try:
            found = load(content)
            if set(found) != _KEYS:
                raise ValueError(f'it holds {sorted(found)[:4]}')
            settings = decode(found['settings'], 'settings')
            if settings.pop('format', None) != FORMAT:
                raise ValueError(f"its 'format' is not {FORMAT!r}")
            for key in ('classes', 'generic', 'grid'):
                settings[key] = tuple(settings[key])
            return cls(patches=found['patches'], **settings)
        except Exception as error:  # safetensors and torch have errors of their own
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ValueError(
                f'it is no scale of new names ({reason}), as `mvlr names` writes it.'
            ) from error


def write_name_scale(path: str | Path, scale: NameScale) -> None:
    """Write a scale, whole or not at all.

    Args:
        path: The file, .safetensors.
        scale: What to write.
    """
    with whole_file(path) as draft:
        draft.write_bytes(scale.to_bytes())


def read_name_scale(path: str | Path) -> NameScale:
    """Read a scale.

    Args:
        path: A file of :func:`write_name_scale`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is another file.
    """
    try:
        return NameScale.from_bytes(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(
            f'{path}: {error} Take it away, then measure again: `mvlr names WORK_DIR`.'
        ) from error
