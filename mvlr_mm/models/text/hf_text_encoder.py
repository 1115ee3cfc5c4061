"""Text models of the transformers library: BERT and its like."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.registry import MODELS
from safetensors import SafetensorError
from torch import Tensor, nn

from ...argument_checks import check_choice
from ..hub import hub_or_cache
from .base import TextEncoder, TokenBatch, is_per_text
from .shared_prefix import count_shared

_POOLINGS = ('mean', 'cls', 'last')


@MODELS.register_module()
class HFTextEncoder(TextEncoder):
    """A frozen text model of the transformers library.

    Any model that takes ``inputs_embeds`` will do; of an encoder-decoder only the
    encoder is kept. Weights are read from safetensors alone and no code that comes
    with a model is run. ``HF_HUB_OFFLINE=1`` keeps it off the network.

    Args:
        model: Name on the hub, e.g. ``'bert-base-uncased'``, or a folder with
            ``config.json``, ``model.safetensors`` and the tokenizer's files.
        pooling: From the last layer to one vector a text. ``'mean'``: mean over all
            tokens of the text, start, end and prompt included (sentence encoders);
            ``'cls'``: the first token (BERT); ``'last'``: the last one (causal
            models).
        init_cfg: As in mmengine.

    Attributes:
        is_causal: Whether a token never sees those behind it, and the model can go on
            from what it has read: GPT-2 and its like, not BERT.

    Raises:
        ImportError: transformers is missing.
        OSError: The model is not there, or not in safetensors.
        ValueError: ``pooling`` is unknown, or the model takes no ``inputs_embeds``.
    """

    def __init__(
        self, model: str, pooling: str = 'mean', init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        check_choice('pooling', pooling, _POOLINGS)
        self.pooling = pooling
        self.tower, self.tokenizer, complete = _load(model)
        self.embed_dim = self.tower.config.hidden_size
        self.token_dim = self.tower.get_input_embeddings().embedding_dim
        self.max_length = min(
            self.tokenizer.model_max_length, _num_positions(self.tower)
        )
        self.is_causal = _is_causal(self.tower)
        # weights that the files lack are drawn anew each time
        self.freeze(model if complete else None)

    def tokenize(self, texts: Sequence[str], prompt_length: int = 0) -> TokenBatch:
        """See :meth:`TextEncoder.tokenize`."""
        rows = [self._row(text, prompt_length) for text in texts]
        longest = max(len(row) for row in rows)
        ids = torch.full((len(rows), longest), self._filler, dtype=torch.long)
        mask = torch.zeros(len(rows), longest, dtype=torch.bool)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = True
        return TokenBatch(ids, mask)

    def forward(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """See :meth:`TextEncoder.forward`.

        What all texts begin with is computed once where the tower is causal; it is then
        :meth:`forward_plain` but for rounding.
        """
        if not self.is_causal or is_per_text(prompt):
            return self.forward_plain(tokens, prompt)
        shared = count_shared(tokens.ids, tokens.mask.sum(1) - 1)
        if not shared:
            return self.forward_plain(tokens, prompt)
        words = self._embed(tokens, prompt)
        first = self.tower(inputs_embeds=words[:1, :shared], use_cache=True)
        known = _known(first)
        known.batch_repeat_interleave(len(words))
        rest = self.tower(
            inputs_embeds=words[:, shared:],
            attention_mask=tokens.mask.long(),
            past_key_values=known,
        )
        alike = first.last_hidden_state.expand(len(words), -1, -1)
        hidden = torch.cat([alike, rest.last_hidden_state], dim=1)
        return self._pool(hidden, tokens.mask)

    def forward_plain(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """Encode each text by itself; see :meth:`forward`."""
        words = self._embed(tokens, prompt)
        outputs = self.tower(inputs_embeds=words, attention_mask=tokens.mask.long())
        return self._pool(outputs.last_hidden_state, tokens.mask)

    def _embed(self, tokens: TokenBatch, prompt: Tensor | None) -> Tensor:
        """Return the tokens' vectors, with the prompt in its places, (C, S, W)."""
        words = self.tower.get_input_embeddings()(tokens.ids)  # (C, S, W)
        if prompt is None:
            return words
        start = self._num_start_tokens
        end = start + prompt.shape[-2]
        prompts = prompt.expand(len(words), -1, -1)
        return torch.cat([words[:, :start], prompts, words[:, end:]], dim=1)

    def embed_words(self, text: str) -> Tensor:
        """See :meth:`TextEncoder.embed_words`."""
        ids = self.tokenizer(text, add_special_tokens=False)['input_ids']
        weight = self.tower.get_input_embeddings().weight.detach()
        return weight[torch.tensor(ids, dtype=torch.long)]

    def _pool(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """From the tokens (C, S, D) of a text to its vector, (C, D)."""
        if self.pooling == 'cls':
            return hidden[:, 0]
        if self.pooling == 'last':
            rows = torch.arange(len(hidden), device=hidden.device)
            return hidden[rows, mask.sum(1) - 1]
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)

    def _row(self, text: str, prompt_length: int) -> list[int]:
        """Token ids of one text, with room for the prompt behind the start."""
        # Behind a prompt a word stands within a sentence: byte-level vocabularies
        # spell that with a leading space, the others drop it.
        ids = self.tokenizer(f' {text}' if prompt_length else text)['input_ids']
        start = self._num_start_tokens
        row = [*ids[:start], *[self._filler] * prompt_length, *ids[start:]]
        if len(row) > self.max_length:
            raise ValueError(
                f'text ({text!r}) with {prompt_length} prompt tokens takes '
                f'{len(row)} tokens, the text tower reads {self.max_length}; use a '
                'shorter label name, template or prompt.'
            )
        return row

    @property
    def _filler(self) -> int:
        """What stands where no word is: never read, so any id of the table."""
        return self.tokenizer.pad_token_id or 0

    @property
    def _num_start_tokens(self) -> int:
        """Tokens that the tokenizer puts before every text: 1 in BERT, 0 in GPT-2."""
        special = self.tokenizer('a', return_special_tokens_mask=True)
        return special['special_tokens_mask'].index(0)


def _num_positions(tower: nn.Module) -> float:
    """Return how many tokens have a position; RoBERTa's begin behind the padding's."""
    count = getattr(tower.config, 'max_position_embeddings', float('inf'))
    for name, part in tower.named_modules():
        if name.endswith('position_embeddings') and isinstance(part, nn.Embedding):
            before = -1 if part.padding_idx is None else part.padding_idx
            count = min(count, part.num_embeddings - before - 1)
    return count


@torch.no_grad()
def _is_causal(tower: nn.Module) -> bool:
    """Try if a later token changes an earlier one, and if a tower can go on."""
    generator = torch.Generator('cpu').manual_seed(0)
    table = tower.get_input_embeddings()
    shape = (1, 3, table.embedding_dim)
    words = torch.randn(shape, generator=generator, device='cpu').to(table.weight)
    whole, part = (tower.eval()(inputs_embeds=w) for w in (words, words[:, :2]))
    if _known(part) is None:
        return False
    return torch.allclose(
        whole.last_hidden_state[:, :2], part.last_hidden_state, rtol=1e-3, atol=1e-4
    )


def _known(outputs: Any) -> Any:
    """Return what a model can go on from, None where it cannot."""
    from transformers import DynamicCache

    known = getattr(outputs, 'past_key_values', None)
    if isinstance(known, tuple):  # of older versions
        known = DynamicCache.from_legacy_cache(known)
    return known if hasattr(known, 'batch_repeat_interleave') else None


def _load(model: str) -> tuple[nn.Module, Any, bool]:
    """Load the tower in float32, and its tokenizer; say if it had every weight."""
    try:
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        # mmpretrain 1.2.0 does not import beside newer ones.
        raise ImportError(
            'HFTextEncoder needs the transformers library: '
            'pip install "transformers<4.52".'
        ) from error
    try:
        with hub_or_cache():
            tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
            tower, info = AutoModel.from_pretrained(
                model,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        tower = tower.float()
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        raise OSError(
            f'model ({model!r}) could not be loaded ({reason}); give a name on the hub '
            '(which needs the network once) or a folder with config.json, '
            'model.safetensors and the files of the tokenizer.'
        ) from error
    if tower.config.is_encoder_decoder:
        tower = tower.get_encoder()
    if 'inputs_embeds' not in inspect.signature(tower.forward).parameters:
        raise ValueError(
            f'model ({model!r}) is a {type(tower).__name__}, which takes no '
            'inputs_embeds, so no prompt can be learned through it; use a text model '
            'such as BERT, or CLIPTextEncoder for a CLIP.'
        )
    return tower, tokenizer, not info['missing_keys']
