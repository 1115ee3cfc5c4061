"""Prompt-driven label representations."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_choice, check_count, check_template
from ...labels.names import read_label_names
from ...structures import VLFeatures, as_features
from ..layers.eval_cache import EvalCache
from ..layers.named_rows import NamedRows, match_vectors
from ..text import TextEncoder, TokenBatch

PROMPTS = ('hard+soft', 'hard', 'soft', 'names')


@MODELS.register_module()
class PDLR(NamedRows, EvalCache, BaseModule):
    """Prompt-driven label representation learning (MVLR, section 3.2).

    Hard prompts put each label into a template and go through the frozen text tower
    once: their encoding is a buffer. Soft prompts are ``[p_1]...[p_L][words of the
    label]`` with L trainable vectors shared by all labels; they are encoded in every
    training step, and once per set of weights in evaluation.

    Fills ``hard``, ``soft`` and ``labels``. With one kind of prompt, that one stands in
    for both. ``labels`` is the mean of the two.

    Args:
        text_encoder: Config of a :class:`mvlr_mm.models.text.TextEncoder`, or one.
        classes: The C label names, or the path of a json list or a text file of them.
        template: The hard prompt; ``{}`` stands for the label.
        num_tokens: Length L of the soft prompt.
        prompts: ``hard+soft``, ``hard``, ``soft``, or ``names``: the bare label names,
            frozen (table 4's baseline).
        context_init: Words whose embeddings start the soft prompt; they must be
            ``num_tokens`` tokens. None draws it from N(0, 0.02) as CoOp does.
        chunk_size: Labels that go through the text tower at a time. With more labels
            than this, training computes each chunk a second time for the gradient, so
            that the memory does not grow with the labels.
        embed_dim: Width D that comes out; where it differs from the tower's, a
            trainable linear map follows the tower. None takes the tower's width.
        init_cfg: As in mmengine.

    Attributes:
        classes: The label names, a tuple of str.
        takes_names: Whether :meth:`set_classes` takes names that were not trained.

    Raises:
        ValueError: An argument breaks its rule; the message names it.
        FileNotFoundError: ``classes`` is a path that leads nowhere.
    """

    provides = ('hard', 'soft', 'labels')
    named_rows = ('hard',)
    takes_names = True

    def __init__(
        self,
        text_encoder: dict | nn.Module,
        classes: Sequence[str] | str,
        template: str = 'This photo contains {}.',
        num_tokens: int = 4,
        prompts: str = 'hard+soft',
        context_init: str | None = None,
        embed_dim: int | None = None,
        chunk_size: int = 256,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice('prompts', prompts, PROMPTS)
        check_template('template', template)
        check_count('chunk_size', chunk_size)
        if 'soft' in prompts:
            check_count('num_tokens', num_tokens)
        self.chunk_size, self.num_tokens = chunk_size, num_tokens
        if isinstance(text_encoder, dict):
            text_encoder = MODELS.build(text_encoder)
        self.text_encoder = text_encoder
        self.template = '{}' if prompts == 'names' else template
        self.use_hard, self.use_soft = prompts != 'soft', 'soft' in prompts
        width = text_encoder.embed_dim
        self.proj = nn.Identity()
        if embed_dim not in (None, width):
            self.proj = nn.Linear(width, embed_dim)
        self.set_classes(read_label_names(classes))
        if self.use_soft:
            # CoOp's word, which checkpoints and `custom_keys` of configs say
            self.context = nn.Parameter(self._start(context_init))

    def _start(self, words: str | None, argument: str = 'context_init') -> Tensor:
        if words is None:
            return 0.02 * torch.randn(self.num_tokens, self.text_encoder.token_dim)
        start = self.text_encoder.embed_words(words)
        if len(start) != self.num_tokens:
            raise ValueError(
                f'{argument} ({words!r}) is {len(start)} tokens, num_tokens is '
                f'{self.num_tokens}; make them agree, or set {argument}=None.'
            )
        return start.clone()

    @property
    def soft_prompt(self) -> nn.Parameter:
        """The trainable vectors [p_1]...[p_L], (L, token_dim)."""
        return self.context

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise other labels from now on; nothing that was learned changes.

        Args:
            classes: The new label names, distinct and not empty.

        Raises:
            ValueError: A name is empty, occurs twice, or is too long for the tower;
                the labels are then those of before.
        """
        names = read_label_names(classes)
        encoder, device = self.text_encoder, next(self.text_encoder.parameters()).device
        hard = tokens = None
        if self.use_soft:
            tokens = encoder.tokenize(names, self.num_tokens).to(device)
        if self.use_hard:
            hard = self._encode_hard(encoder, names)
        # nothing above may fail after something here has changed
        if self.use_soft:
            self.register_buffer('token_ids', tokens.ids, persistent=False)
            self.register_buffer('token_mask', tokens.mask, persistent=False)
        if self.use_hard:
            self.register_buffer('hard', hard)
        self.classes = names
        self.forget()

    def _encode_hard(self, encoder: TextEncoder, names: Sequence[str]) -> Tensor:
        filled = [self.template.replace('{}', name) for name in names]
        return encoder.encode_texts(filled, self.chunk_size)

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Fill ``hard`` (C, D), ``soft`` (C, D) and ``labels`` (C, D)."""
        feats = as_features(feats, type(self).__name__)
        # In evaluation the very same tensors every time: later stages remember, too.
        hard, soft, labels = self.remember('labels', self._encode)
        return feats._replace(hard=hard, soft=soft, labels=labels, names=self.classes)

    def _encode(self) -> tuple[Tensor, Tensor, Tensor]:
        hard = soft = None
        if self.use_hard:
            hard = self.proj(self.hard)
        if self.use_soft:
            tokens = TokenBatch(self.token_ids, self.token_mask)
            encoded = self.text_encoder.encode(
                tokens, self.soft_prompt, self.chunk_size
            )
            soft = self.proj(encoded)
        hard = soft if hard is None else hard
        soft = hard if soft is None else soft
        return hard, soft, (hard + soft) / 2

    def make_record(self) -> dict[str, Any]:
        """Return the labels, and the template where hard prompts use it."""
        template = self.template if self.use_hard else None
        return super().make_record() | {'template': template}

    def match_record(self, stored: dict[str, Any], name: str) -> None:
        """Check the template; see :meth:`NamedRows.match_record`."""
        trained = stored.get('template')
        if self.use_hard and trained not in (None, self.template):
            raise ValueError(
                f'{name}: the checkpoint was trained with the template {trained!r}, '
                f'the model has {self.template!r}; give both the same.'
            )

    def match_unnamed(self, state_dict: dict, prefix: str) -> None:
        """Compare hard prompts; see :meth:`NamedRows.match_unnamed`."""
        super().match_unnamed(state_dict, prefix)
        stored = state_dict.get(f'{prefix}hard')
        weights = _tower_of(state_dict, prefix)
        if not self.use_hard or stored is None:
            return
        if weights and self.text_encoder.is_as_built(weights):
            match_vectors(stored, self.hard, self.classes, prefix)

    def renew_rows(
        self, weights: dict[str, Tensor], prefix: str, kept: Collection[str]
    ) -> None:
        """Encode hard prompts that stay this module's own by the tower that comes in.

        See :meth:`NamedRows.renew_rows`.
        """
        if not self.use_hard or f'{prefix}hard' not in kept:
            return
        own, tower = self.text_encoder.state_dict(), _tower_of(weights, prefix)
        if all(torch.equal(own[k], tower[k].to(own[k])) for k in own.keys() & tower):
            return
        encoder = deepcopy(self.text_encoder)
        encoder.load_state_dict(tower, strict=False)
        weights[f'{prefix}hard'] = self._encode_hard(encoder, self.classes)


def _tower_of(state_dict: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the weights of a prompt stage's text tower by their names in the tower."""
    start = f'{prefix}text_encoder.'
    return {
        k.removeprefix(start): v for k, v in state_dict.items() if k.startswith(start)
    }
