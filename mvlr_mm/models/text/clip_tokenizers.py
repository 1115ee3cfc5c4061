"""From texts to the tokens of a CLIP, one row of ids a text."""

import functools
from pathlib import Path
from typing import Any

from open_clip import SimpleTokenizer
from open_clip.tokenizer import HFTokenizer


@functools.cache
def _plain_tokenizer(context_length: int) -> SimpleTokenizer:
    """Make it once: reading its 49,000 merges takes a tenth of a second."""
    return SimpleTokenizer(context_length=context_length)


class CLIPTokens:
    """CLIP's own byte pairs: start, words, end.

    Args:
        context_length: Tokens that the tower reads.
        **kwargs: For open_clip's ``SimpleTokenizer``.

    Attributes:
        pad: The id behind the end.
        num_start: Tokens before the words.
        vocab_size: One more than the largest id.
    """

    num_start = 1
    pad = 0

    def __init__(self, context_length: int, **kwargs: Any) -> None:
        self._tokenizer = (
            SimpleTokenizer(context_length=context_length, **kwargs)
            if kwargs
            else _plain_tokenizer(context_length)
        )
        self.vocab_size = self._tokenizer.vocab_size

    def words(self, text: str) -> list[int]:
        """Return the ids of a text without start and end."""
        return self._tokenizer.encode(text)

    def row(self, text: str, num_free: int = 0) -> list[int]:
        """Return the ids of a text, with free places before its words."""
        start, end = self._tokenizer.sot_token_id, self._tokenizer.eot_token_id
        # no place is free with an id that stands for the end or for nothing
        return [start, *[start] * num_free, *self.words(text), end]


class HFTokens:
    """A tokenizer of the transformers library, as open_clip uses it.

    Args:
        name: On the hub, or a folder.
        context_length: Tokens that the tower reads.
        **kwargs: For open_clip's ``HFTokenizer``.

    Attributes:
        pad: The id behind the end.
        num_start: Tokens before the words, 0 in T5.
        vocab_size: One more than the largest id.

    Raises:
        ImportError: transformers is missing.
        OSError: The tokenizer is not there.
        ValueError: It pads before the text.
    """

    def __init__(self, name: str, context_length: int, **kwargs: Any) -> None:
        try:
            self._own = HFTokenizer(
                name, context_length, trust_remote_code=False, **kwargs
            )
        except ImportError as error:
            raise ImportError(
                f'the tokenizer {name!r} needs the transformers library: '
                'pip install "transformers<4.52".'
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise OSError(
                f'the tokenizer ({name!r}) could not be loaded, for the reason above; '
                'give the path of an open_clip json config with the files of the '
                'tokenizer beside it, or let them be downloaded once.'
            ) from error
        self._tokenizer = self._own.tokenizer
        if self._tokenizer.padding_side != 'right':
            raise ValueError(f'the tokenizer ({name!r}) must pad behind the text.')
        self.pad = self._tokenizer.pad_token_id
        self.vocab_size = len(self._tokenizer)
        special = self._tokenizer('a', return_special_tokens_mask=True)
        self.num_start = special['special_tokens_mask'].index(0)

    def words(self, text: str) -> list[int]:
        """Return the ids of a text without start and end."""
        text = self._own.clean_fn(text)
        return self._tokenizer(text, add_special_tokens=False)['input_ids']

    def row(self, text: str, num_free: int = 0) -> list[int]:
        """Return the ids of a text, with free places before its words."""
        text = self._own.clean_fn(text)
        # behind a prompt a word stands within a sentence, which a leading space says
        ids = self._tokenizer(f' {text}' if num_free else text)['input_ids']
        if self._own.strip_sep_token:
            ids = [0 if i == self._tokenizer.sep_token_id else i for i in ids]
        free = [ids[0]] * num_free
        return [*ids[: self.num_start], *free, *ids[self.num_start :]]


def make_tokens(text_cfg: dict[str, Any], folder: Path | None) -> CLIPTokens | HFTokens:
    """Return the tokenizer that ``text_cfg`` of an open_clip config asks for.

    Args:
        text_cfg: Of the config.
        folder: Where the config is, if it is a file. Files of a tokenizer beside it
            stand for one on the hub, as in open_clip.

    Raises:
        ValueError: It is used in a way that is not known here; otherwise as
            :class:`HFTokens`.
    """
    length = text_cfg.get('context_length', 77)
    kwargs = text_cfg.get('tokenizer_kwargs') or {}
    name = text_cfg.get('hf_tokenizer_name')
    if not name:
        return CLIPTokens(length, **kwargs)
    if text_cfg.get('tokenizer_mode'):
        mode = text_cfg['tokenizer_mode']
        raise ValueError(f'tokenizer_mode ({mode!r}) of the text_cfg is not known.')
    is_beside = folder and (folder / 'tokenizer_config.json').is_file()
    return HFTokens(str(folder) if is_beside else name, length, **kwargs)
