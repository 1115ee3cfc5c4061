from collections.abc import Callable, Sequence

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

NAMES = ('cat', 'traffic light', 'sea')


@pytest.fixture
def make_model(tiny_clip) -> Callable[..., nn.Module]:
    """A whole classifier on a tiny CLIP; what trains is changed by ``seed``."""
    clip = tiny_clip()

    def config(classes: Sequence[str] = NAMES, **prompt: object) -> dict:
        prompt = {
            'type': 'PDLR',
            'text_encoder': dict(type='CLIPTextEncoder', **clip),
            'classes': list(classes),
            **prompt,
        }
        fusion = dict(type='IFM', embed_dim=16)
        return dict(
            type='ImageClassifier',
            backbone=dict(type='CLIPBackbone', **clip),
            neck=dict(type='NeckSequence', prompt=prompt, fusion=fusion),
            head=dict(type='SimilarityHead', scale=10.0),
        )

    def make(
        classes: Sequence[str] = NAMES, seed: int | None = None, **prompt: object
    ) -> nn.Module:
        torch.manual_seed(0)
        model = MODELS.build(config(classes, **prompt))
        if seed is not None:
            torch.manual_seed(seed)
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.requires_grad:
                        parameter += 0.1 * torch.randn_like(parameter)
        return model.eval()

    make.config = config
    return make


@pytest.fixture
def logits_by_name() -> Callable[[nn.Module], dict[str, torch.Tensor]]:
    """Logits of two fixed pictures by the name of the label."""
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))

    @torch.no_grad()
    def run(model: nn.Module) -> dict[str, torch.Tensor]:
        logits = model.head(model.extract_feat(pictures))
        return dict(zip(model.neck.classes, logits.T, strict=True))

    return run
