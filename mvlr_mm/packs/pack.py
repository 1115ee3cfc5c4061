"""Reading a pack, and building its model: no code runs, nothing is unpickled."""

import copy
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import TRANSFORMS
from safetensors.torch import load
from torch import Tensor, nn

from ..engine.fit_weights import fit_checkpoint
from ..labels.scale import NameScale
from ..loaded_model import LoadedModel, build_model, own_names
from .about import About
from .bounded import bounded
from .files import ABOUT, NAMES, WEIGHTS, read_files


@dataclass(frozen=True, eq=False)
class Pack:
    """A pack that was read and checked."""

    folder: Path
    about: About
    weights: dict[str, Tensor]
    sha256: str  # of the list of files, by which this pack is known again
    name_scale: NameScale | None = None  # for labels that were never trained

    @property
    def classes(self) -> tuple[str, ...]:
        """The label names, in the order of the scores."""
        return tuple(self.about.classes)

    @property
    def thresholds(self) -> dict[str, float] | None:
        """The threshold of every label; infinite where it is never predicted."""
        if self.about.thresholds is None:
            return None
        found = self.about.thresholds.items()
        return {name: math.inf if x is None else x for name, x in found}

    @property
    def pipeline(self) -> list[dict[str, Any]]:
        """Configs of the transforms that bring a picture to the model."""
        return [
            {k: tuple(x) if isinstance(x, list) else x for k, x in step.items()}
            for step in copy.deepcopy(self.about.pipeline)
        ]


def read_pack(folder: str | Path, sha256: str | None = None) -> Pack:
    """Read a pack, and check every file of it.

    The checksums tell what was changed by accident, or by someone who could not change
    the list of them. They do not tell who made the pack: for that get ``sha256``, which
    `mvlr pack` prints, from its maker.

    Args:
        folder: Of the pack.
        sha256: What ``Pack.sha256`` has to be, where it is known.

    Raises:
        FileNotFoundError: There is no such folder, or a file is missing.
        ValueError: A file was changed, cut, extended, renamed or added, is a link, or
            holds what a pack may not hold; or it is another pack.
    """
    contents, own = read_files(folder, sha256)
    folder = Path(folder).expanduser()
    try:
        about = About.from_json(contents[ABOUT])
    except ValueError as error:
        raise ValueError(f'{folder / ABOUT} cannot be used: {error}') from error
    try:
        weights = load(contents[WEIGHTS])
    except Exception as error:  # SafetensorError, and those of torch on odd shapes
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f'{folder / WEIGHTS} holds no weights: {reason}.') from error
    return Pack(folder, about, weights, own, _name_scale(folder, contents, about))


def build(pack: Pack) -> nn.Module:
    """Build the model of a pack, in eval mode on the CPU.

    Nothing is downloaded, and no more memory is taken than the weights explain.

    Args:
        pack: From :func:`read_pack`.

    Raises:
        ValueError: The settings build no model, or one of other labels than
            ``classes``, or the weights are not its.
    """
    size = sum(weight.nbytes for weight in pack.weights.values())
    checkpoint = {'state_dict': dict(pack.weights)}
    try:
        with bounded(size):
            model = build_model(_config(pack))
        fit_checkpoint(model, checkpoint, source=str(pack.folder / WEIGHTS))
        model.load_state_dict(checkpoint['state_dict'])
        if own_names(model) not in (None, pack.classes):
            raise ValueError('its labels are not those under `classes`.')
    except ImportError:
        raise  # a package that this machine lacks
    except Exception as error:  # parts raise what they like on odd data
        if isinstance(error, ValueError) and str(pack.folder) in str(error):
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f'{pack.folder} builds no model: {reason}') from error
    return model


def load_pack(
    folder: str | Path, device: str | torch.device = 'cpu', sha256: str | None = None
) -> LoadedModel:
    """Load the model of a pack, and what goes with it.

    Args:
        folder: Of the pack.
        device: Where the model is to be.
        sha256: As for :func:`read_pack`.

    Raises:
        FileNotFoundError, ValueError: As for :func:`read_pack` and :func:`build`.
        ValueError: The settings of the transforms build none.
    """
    pack = read_pack(folder, sha256)
    _check_pipeline(pack)
    return LoadedModel(
        model=build(pack).to(device),
        classes=pack.classes,
        pipeline=pack.pipeline,
        thresholds=pack.thresholds,
        config=_config(pack),
        checkpoint=pack.folder / WEIGHTS,
        name_scale=pack.name_scale,
    )


def _config(pack: Pack) -> Config:
    """Return what a config would say."""
    return Config({'model': copy.deepcopy(pack.about.model)})


def _check_pipeline(pack: Pack) -> None:
    """Build the transforms, which say by that what they do not take."""
    try:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            for step in pack.pipeline:
                TRANSFORMS.build(step)
    except Exception as error:  # transforms raise what they like on odd data
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f'{pack.folder} builds no pipeline: {reason}') from error


def _name_scale(
    folder: Path, contents: dict[str, bytes], about: About
) -> NameScale | None:
    if NAMES not in contents:
        return None
    try:
        scale = NameScale.from_bytes(contents[NAMES])
        scale.check(about.classes)
    except ValueError as error:
        raise ValueError(f'{folder / NAMES} cannot be used: {error}') from error
    return scale
