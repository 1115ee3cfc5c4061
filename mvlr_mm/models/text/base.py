"""What a text encoder offers to a prompt stage."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from ...json_tensor import decode, encode
from .fingerprint import fingerprint
from .recomputed import encode_recomputed

#: Last part of the name, in a state dict, of the note in place of a tower's weights.
LEFT_OUT = 'left_out'
_HALVES = (torch.float16, torch.bfloat16)


class TokenBatch(NamedTuple):
    """Tokenised texts, cut where no text has a token that the tower sees: S tokens."""

    ids: Tensor  # (C, S) int64
    mask: Tensor  # (C, S) bool, True at tokens that the tower sees

    def to(self, device: torch.device) -> 'TokenBatch':
        """Move both to a device."""
        return TokenBatch(self.ids.to(device), self.mask.to(device))


def is_per_text(prompt: Tensor | None) -> bool:
    """Tell a soft prompt for each text from one that all share."""
    return prompt is not None and prompt.dim() == 3


class TextEncoder(BaseModule):
    """A frozen text tower: C texts in, (C, D) vectors out.

    The weights never train and the module stays in eval mode, but gradients pass
    through it to the soft prompt that ``forward`` is given.

    Attributes:
        embed_dim: Width D of the vectors that come out.
        token_dim: Width of the word embeddings, and so of a soft prompt.
        trained_scale: Factor of the cosines of pictures and texts that the tower was
            trained with, None where it is not known.
        built_from: See :meth:`freeze`.
    """

    embed_dim: int
    token_dim: int
    trained_scale: float | None = None
    built_from: str | None = None

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)

    @abstractmethod
    def tokenize(self, texts: Sequence[str], prompt_length: int = 0) -> TokenBatch:
        """Turn texts into ids.

        Args:
            texts: C texts.
            prompt_length: Number of places kept free between the start token and
                the text for a soft prompt.

        Raises:
            ValueError: A text, with its prompt, is longer than the tower reads.
        """

    @abstractmethod
    def forward(self, tokens: TokenBatch, prompt: Tensor | None = None) -> Tensor:
        """Encode tokens, (C, D).

        Args:
            tokens: From :meth:`tokenize`.
            prompt: Soft prompt (prompt_length, token_dim), shared by all texts, or one
                for each, (C, prompt_length, token_dim); it fills the places that
                ``tokenize`` kept free.
        """

    @abstractmethod
    def embed_words(self, text: str) -> Tensor:
        """Word embeddings of a text without start and end, (L, token_dim)."""

    def encode(
        self, tokens: TokenBatch, prompt: Tensor | None = None, chunk_size: int = 256
    ) -> Tensor:
        """Encode any number of texts, at most ``chunk_size`` at a time, (C, D).

        Texts of like length go together and are cut at the longest of them. For the
        gradient of the prompt a chunk is computed again: only one is ever in memory.
        With no more texts than ``chunk_size`` it is :meth:`forward`.

        Args:
            tokens: From :meth:`tokenize`.
            prompt: Soft prompt as for :meth:`forward`, or None.
            chunk_size: Texts that go through the tower at a time.
        """
        if len(tokens.ids) <= chunk_size:
            return self(tokens, prompt)
        lengths, order = tokens.mask.sum(1).sort(stable=True)
        ends = range(chunk_size, len(order) + chunk_size, chunk_size)
        parts = []
        for end in ends:
            rows = order[end - chunk_size : end]
            longest = int(lengths[:end][-1])
            cut = TokenBatch(tokens.ids[rows, :longest], tokens.mask[rows, :longest])
            parts.append((rows, cut))

        def encode_part(
            part: tuple[Tensor, TokenBatch], prompt: Tensor | None
        ) -> Tensor:
            rows, tokens = part
            return self(tokens, prompt[rows] if is_per_text(prompt) else prompt)

        if prompt is not None and torch.is_grad_enabled():
            encoded = encode_recomputed(encode_part, parts, prompt)
        else:
            encoded = torch.cat([encode_part(part, prompt) for part in parts])
        return encoded[order.argsort()]

    def encode_texts(self, texts: Sequence[str], chunk_size: int = 256) -> Tensor:
        """Encode texts without a soft prompt and without gradients, (C, D).

        Args:
            texts: C texts.
            chunk_size: As for :meth:`encode`.

        Raises:
            ValueError: A text is longer than the tower reads.
        """
        tokens = self.tokenize(texts).to(next(self.parameters()).device)
        # tensors of inference mode could not be trained behind
        with torch.inference_mode(False), torch.no_grad():
            return self.encode(tokens, chunk_size=chunk_size)

    def freeze(self, built_from: str | None = None) -> None:
        """Stop every weight from training; call it at the end of ``__init__``.

        Args:
            built_from: What builds the same weights again, for people; checkpoints may
                then leave them out. None where nothing does.
        """
        self.requires_grad_(False)
        self.eval()
        self.built_from = built_from
        if built_from is not None:
            self.fingerprint = fingerprint(self.state_dict())
            self._versions = self._read_versions()

    def is_as_built(self, weights: Mapping[str, Tensor]) -> bool:
        """Tell whether these weights are those that were built, to the bit.

        Args:
            weights: By name, as in this module's state dict.
        """
        return self.built_from is not None and fingerprint(weights) == self.fingerprint

    def _read_versions(self) -> list[int]:
        values = self.state_dict(keep_vars=True).values()
        return [-1 if value.is_inference() else value._version for value in values]

    def _was_changed(self) -> bool:
        """Whether other weights were loaded since; a cast to half precision is none."""
        if self._read_versions() == self._versions:
            return False
        own = self.state_dict()
        cast = any(value.dtype in _HALVES for value in own.values())
        return not cast and not self.is_as_built(own)

    def leave_out(self, state_dict: dict, prefix: str) -> None:
        """Put a note in place of this tower's weights in a state dict.

        Args:
            state_dict: Of the whole model; changed in place.
            prefix: Of this module's entries.
        """
        for key in [key for key in state_dict if key.startswith(prefix)]:
            del state_dict[key]
        note = {'built_from': self.built_from, 'fingerprint': self.fingerprint}
        state_dict[prefix + LEFT_OUT] = encode(note)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        stored = state_dict.pop(prefix + LEFT_OUT, None)
        if stored is not None:
            note = decode(stored, prefix + LEFT_OUT)
            if self.built_from is None or note['fingerprint'] != self.fingerprint:
                raise ValueError(
                    f'{prefix.rstrip(".")}: the checkpoint was trained with the text '
                    f'tower {note["built_from"]}, which it leaves out, and the model '
                    f'has other weights ({self.built_from or "random ones"}); build '
                    'it with the same model and pretrained.'
                )
            if self._was_changed():
                raise ValueError(
                    f'{prefix.rstrip(".")}: the checkpoint leaves the text tower '
                    f'{note["built_from"]} out, and other weights were loaded into it '
                    'since it was built; build the model anew.'
                )
            state_dict.update(self.state_dict(prefix=prefix))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def train(self, mode: bool = True) -> 'TextEncoder':
        """Stay in eval mode, whatever the model does."""
        return super().train(False)

    def init_weights(self) -> None:
        """Keep the weights: they were loaded, or drawn by the tower itself."""
