"""CLIP's text tower."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ..clip import load_text, read_clip_config
from .base import TextEncoder, TokenBatch, is_per_text
from .clip_tokenizers import make_tokens
from .shared_prefix import Packed, can_share, pack, run_packed


@MODELS.register_module()
class CLIPTextEncoder(TextEncoder):
    """The frozen text tower of an open_clip model; it gives what ``encode_text`` gives.

    A tower that is causal and read at its end token never sees what is behind that
    token: texts are cut behind the longest one's, which for the 80 names of COCO leaves
    9 of 77 tokens and changes nothing but rounding. CoCa's class token sees one place
    more. Towers without a causal mask (SigLIP, CLIPA, most MobileCLIPs) see the
    padding, and get all of it.

    Args:
        model: Name in open_clip, or path or content of an open_clip json config. Within
            a :class:`mvlr_mm.models.classifiers.VLClassifier` it and ``pretrained`` are
            the backbone's where they are not said.
        pretrained: Tag, path of a weights file, or None; see
            :func:`mvlr_mm.models.clip.load_text`.
        init_cfg: As in mmengine.

    Attributes:
        shares_prefix: Whether the tower is causal and read at its end token, so that
            what all texts begin with is computed once.

    Raises:
        ValueError: ``model`` is missing; the tower is one of the transformers library;
            or its vocabulary is smaller than its tokenizer's.
        OSError: Its tokenizer, where it is not CLIP's, cannot be loaded.
    """

    def __init__(
        self,
        model: str | Mapping[str, Any] | None = None,
        pretrained: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if model is None:
            raise ValueError(
                'CLIPTextEncoder needs model, the name of a CLIP in open_clip or the '
                'path of its json config.'
            )
        text_cfg = _known(model, read_clip_config(model)['text_cfg'])
        self.tokenizer = make_tokens(text_cfg, _folder(model))
        tower = load_text(model, pretrained)
        self.token_embedding = tower.token_embedding
        self.positional_embedding = tower.positional_embedding
        self.cls_emb = tower.cls_emb
        self.transformer = tower.transformer
        self.ln_final = tower.ln_final
        self.text_projection = tower.text_projection
        self.register_buffer('attn_mask', tower.attn_mask, persistent=False)
        self.context_length = tower.context_length
        self.trained_scale = tower.trained_scale
        self.pool_type, self.eos_id = tower.pool_type, getattr(tower, 'eos_id', None)
        self.num_seen_behind = self._count_seen_behind()
        self.shares_prefix = (
            self.num_seen_behind == 0
            and self.pool_type != 'first'
            and can_share(self.transformer.resblocks)
        )
        # ids, their version, the prompt's length, and what came of them
        self._packed: tuple[Tensor | None, int, int, Packed | None] = (None, 0, 0, None)
        if self.tokenizer.vocab_size > self.token_embedding.num_embeddings:
            raise ValueError(
                f'model ({model!r}) has {self.token_embedding.num_embeddings} tokens, '
                f'its tokenizer has {self.tokenizer.vocab_size}; give the model '
                'that the tokenizer belongs to.'
            )
        self.token_dim = self.token_embedding.embedding_dim
        self.embed_dim = tower.output_dim
        if self.text_projection is None:
            self.embed_dim = self.token_dim
        # random weights are not built a second time
        self.freeze(pretrained and f'{model}, {pretrained}')

    def _count_seen_behind(self) -> int:
        """Count the places behind a text's end that have a part in its vector."""
        if self.cls_emb is not None:
            return 1
        if self.attn_mask is not None and self.pool_type in ('argmax', 'eos', 'first'):
            return 0
        return self.context_length

    def tokenize(self, texts: Sequence[str], prompt_length: int = 0) -> TokenBatch:
        """See :meth:`TextEncoder.tokenize`."""
        rows = [self.tokenizer.row(text, prompt_length) for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if len(row) > self.context_length:
                raise ValueError(
                    f'text ({text!r}) with {prompt_length} prompt tokens takes '
                    f'{len(row)} tokens, the text tower reads {self.context_length}; '
                    'use a shorter label name, template or prompt.'
                )
        lengths = torch.tensor([len(row) for row in rows]) + self.num_seen_behind
        lengths.clamp_(max=self.context_length)
        ids = torch.full((len(rows), int(lengths.max())), self.tokenizer.pad)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        return TokenBatch(ids, torch.arange(ids.shape[1]) < lengths[:, None])

    def forward(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """See :meth:`TextEncoder.forward`.

        What all texts begin with is computed once where the tower allows it
        (:mod:`.shared_prefix`); it is then :meth:`forward_plain` but for rounding.
        """
        compiler = torch.compiler
        # a graph that is exported cannot ask how many tokens there are
        exported = compiler.is_compiling() and not compiler.is_dynamo_compiling()
        if exported or not self.shares_prefix or is_per_text(prompt):
            return self.forward_plain(tokens, prompt)
        packed = self._pack(tokens.ids, 0 if prompt is None else len(prompt))
        shared = self._embed(tokens.ids[:1, : packed.shared], prompt)[0]
        own = self.token_embedding(tokens.ids[packed.rows, packed.places])
        x = torch.cat([shared, own])
        places = torch.arange(packed.shared, device=x.device)
        x = x + self.positional_embedding[torch.cat([places, packed.places])]
        x = run_packed(self.transformer.resblocks, x, packed)
        return self._project(self.ln_final(x))

    def forward_plain(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """Encode each text by itself, as open_clip does; see :meth:`forward`."""
        x = self._embed(tokens.ids, prompt)
        x, mask = x + self.positional_embedding[: x.shape[1]], self.attn_mask
        if self.cls_emb is not None:
            last = self.cls_emb + self.positional_embedding[-1]
            x = torch.cat([x, last.expand(len(x), 1, -1)], dim=1)
            mask = self._mask_of_class_token(tokens.ids)
        elif mask is not None:
            mask = mask[: x.shape[1], : x.shape[1]]
        x = self.ln_final(self.transformer(x, attn_mask=mask))
        return self._project(self._read(x, tokens.ids))

    def _embed(self, ids: Tensor, prompt: Tensor | None) -> Tensor:
        """Return the tokens' vectors, with the prompt in its places, (C, S, W)."""
        x = self.token_embedding(ids)
        if prompt is None:
            return x
        start = self.tokenizer.num_start
        prompts, end = prompt.expand(len(x), -1, -1), start + prompt.shape[-2]
        return torch.cat([x[:, :start], prompts, x[:, end:]], dim=1)

    def _project(self, x: Tensor) -> Tensor:
        """Map the tokens that stand for the texts to the joint space, (C, D)."""
        if isinstance(self.text_projection, nn.Linear):
            return self.text_projection(x)
        return x if self.text_projection is None else x @ self.text_projection

    @torch.compiler.disable  # how many tokens there are depends on the values
    def _pack(self, ids: Tensor, prompt_length: int) -> Packed:
        """Return :func:`pack`'s answer; for the labels of a model it stays the same."""
        start = self.tokenizer.num_start
        prompt = slice(start, start + prompt_length)
        if ids.is_inference():  # no version tells whether it was changed
            return pack(ids, self._ends(ids), prompt)
        known, *settings, packed = self._packed
        if known is not ids or settings != [ids._version, prompt_length]:
            packed = pack(ids, self._ends(ids), prompt)
            self._packed = ids, ids._version, prompt_length, packed
        return packed  # in the other's place may stand that of another thread by now

    def embed_words(self, text: str) -> Tensor:
        """See :meth:`TextEncoder.embed_words`."""
        ids = torch.tensor(self.tokenizer.words(text), dtype=torch.long)
        return self.token_embedding.weight.detach()[ids]

    def _mask_of_class_token(self, ids: Tensor) -> Tensor:
        """Return CoCa's mask, (C * heads, S + 1, S + 1): S tokens and the class token.

        Causal, and blind to padding. As CoCa was trained, what is blinded is one place
        behind the padding: the first padding is seen, and the class token is not.
        """
        seen = F.pad(ids != self.tokenizer.pad, (1, 0), value=True)
        mask = self.attn_mask[: seen.shape[1], : seen.shape[1]].expand(len(ids), -1, -1)
        mask = mask.masked_fill(~seen[:, None], float('-inf'))
        heads = self.transformer.resblocks[0].attn.num_heads
        return mask.repeat_interleave(heads, dim=0)

    def _read(self, x: Tensor, ids: Tensor) -> Tensor:
        """Return the token that stands for the text, (C, W)."""
        if self.cls_emb is not None or self.pool_type == 'last':
            return x[:, -1]
        if self.pool_type == 'first':
            return x[:, 0]
        return x[torch.arange(len(x), device=x.device), self._ends(ids)]

    def _ends(self, ids: Tensor) -> Tensor:
        """Return the place of each text's end token, (C,)."""
        ends = ids if self.pool_type == 'argmax' else (ids == self.eos_id).int()
        return ends.argmax(dim=1)


def _folder(model: str | Mapping[str, Any]) -> Path | None:
    """Return where the json config is; a name of open_clip has no folder."""
    is_file = isinstance(model, str) and model.endswith('.json')
    return Path(model).parent if is_file else None


def _known(model: str | Mapping[str, Any], text_cfg: dict) -> dict:
    """Return the ``text_cfg`` of a model if its tower is one of open_clip itself."""
    name = text_cfg.get('hf_model_name')
    if name:
        raise ValueError(
            f'model ({model!r}) has a text tower of the transformers library ({name}), '
            'which CLIPTextEncoder does not run; use '
            f"dict(type='HFTextEncoder', model={name!r}), whose projection you train, "
            "or another CLIP's text tower."
        )
    if text_cfg.get('pool_type') == 'none':
        raise ValueError(
            f'model ({model!r}) does not pool its text (pool_type none), so that a '
            'label has no one vector; use another CLIP.'
        )
    return text_cfg
