"""CLIP's text tower."""

from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from open_clip import SimpleTokenizer
from torch import Tensor

from ..clip import load_clip
from .base import TextEncoder, TokenBatch


@MODELS.register_module()
class CLIPTextEncoder(TextEncoder):
    """The frozen text tower of an open_clip model.

    The tower is causal and read at the end token, so everything behind the longest
    text's end token is cut away before the tower runs: for the 80 names of COCO that
    leaves 9 of 77 tokens and changes nothing but rounding.

    Args:
        model: Name in open_clip, or path of an open_clip json config.
        pretrained: Tag, path of a weights file, or None; see
            :func:`mvlr_mm.models.clip.load_clip`.
        init_cfg: As in mmengine.

    Raises:
        ValueError: The tower is not causal or not read at its end token (SigLIP's,
            for instance), or has no BPE vocabulary of CLIP.
    """

    def __init__(
        self, model: str, pretrained: str | None = None, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        clip = load_clip(model, pretrained)
        tower = getattr(clip, 'text', clip)
        pool = getattr(tower, 'pool_type', getattr(tower, 'text_pool_type', None))
        if pool not in ('argmax', 'eos') or tower.attn_mask is None:
            raise ValueError(
                f'model ({model!r}) has no causal text tower that is read at its end '
                'token; use a CLIP with one, or HFTextEncoder for a text model of '
                'the transformers library.'
            )
        self.token_embedding = tower.token_embedding
        self.positional_embedding = tower.positional_embedding
        self.transformer = tower.transformer
        self.ln_final = tower.ln_final
        self.text_projection = tower.text_projection
        self.register_buffer('attn_mask', tower.attn_mask, persistent=False)
        self.context_length = len(self.positional_embedding)
        self.tokenizer = SimpleTokenizer(context_length=self.context_length)
        if self.tokenizer.vocab_size > self.token_embedding.num_embeddings:
            raise ValueError(
                f'model ({model!r}) has {self.token_embedding.num_embeddings} tokens, '
                f"CLIP's vocabulary has {self.tokenizer.vocab_size}; use a model with "
                "CLIP's vocabulary."
            )
        self.token_dim = self.token_embedding.embedding_dim
        projection = self.text_projection
        if isinstance(projection, torch.nn.Linear):
            self.embed_dim = projection.out_features
        else:
            self.embed_dim = projection.shape[1]
        self.freeze()

    def tokenize(self, texts: Sequence[str], prompt_length: int = 0) -> TokenBatch:
        """See :meth:`TextEncoder.tokenize`."""
        start, end = self.tokenizer.sot_token_id, self.tokenizer.eot_token_id
        rows = []
        for text in texts:
            row = [start, *[0] * prompt_length, *self.tokenizer.encode(text), end]
            if len(row) > self.context_length:
                raise ValueError(
                    f'text ({text!r}) with {prompt_length} prompt tokens takes '
                    f'{len(row)} tokens, the text tower reads {self.context_length}; '
                    'use a shorter label name, template or prompt.'
                )
            rows.append(row)
        lengths = torch.tensor([len(row) for row in rows])
        ids = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        return TokenBatch(ids, torch.arange(ids.shape[1]) < lengths[:, None])

    def forward(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """See :meth:`TextEncoder.forward`."""
        x = self.token_embedding(tokens.ids)  # (C, S, W)
        if prompt is not None:
            shared = prompt.expand(len(x), -1, -1)
            x = torch.cat([x[:, :1], shared, x[:, 1 + len(prompt) :]], dim=1)
        length = x.shape[1]
        x = x + self.positional_embedding[:length]
        x = self.transformer(x, attn_mask=self.attn_mask[:length, :length])
        rows = torch.arange(len(x), device=x.device)
        x = self.ln_final(x)[rows, tokens.mask.sum(1) - 1]  # at the end token, (C, W)
        if isinstance(self.text_projection, torch.nn.Linear):
            return self.text_projection(x)
        return x @ self.text_projection

    def embed_words(self, text: str) -> Tensor:
        """See :meth:`TextEncoder.embed_words`."""
        ids = torch.tensor(self.tokenizer.encode(text), dtype=torch.long)
        return self.token_embedding.weight.detach()[ids]
