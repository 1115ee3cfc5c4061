"""Seeing that weights have changed, whoever changed them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter, methodcaller

import torch
from torch import Tensor, nn

# Tensors up to this size are read at every look, those that do not train included.
_SMALL = 2**16
# Of what is added up: integers in a row, and an odd number beyond those of any rows.
_ROW, _FACTOR = 512, 1_000_000_007
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class WeightState:
    """The weights of a module and some tensors, to be looked at again later.

    A look sees another tensor or module in the place of one; a write that autograd
    counts (an optimizer, ``copy_``, loading); other memory (``parameter.data = ...``);
    and, in all that trains and in every tensor of at most 65,536 numbers, other values,
    however they came there: averages of weights and fused optimizers write where
    autograd does not count. It does not see such a write into some numbers of a large
    frozen tensor and nothing else.

    With 150 tensors of a text tower a look takes about 0.1 ms, on a GPU one wait.

    Args:
        module: Whose parameters and buffers are meant, with those of its parts.
        tensors: Others that belong to the state.

    Raises:
        RuntimeError: A tensor has no memory of its own, such as those of ``vmap``.
    """

    def __init__(self, module: nn.Module, tensors: Sequence[Tensor] = ()) -> None:
        self._slots = [
            slots
            for part in module.modules()
            for slots in (part._modules, part._parameters, part._buffers)
        ]
        # held, so that nothing else can get their identity
        self._contents = self._read_slots()
        self._identities = list(map(id, self._contents))
        self._extra = tuple(tensors)
        own = [value for value in self._contents if isinstance(value, Tensor)]
        self._tensors = [*own, *self._extra]
        self._counted = [t for t in self._tensors if not t.is_inference()]
        self._counts = self._read_counts()
        self._views = [
            _bits(t.detach().view(-1))
            for t in self._tensors
            if (t.requires_grad or t.numel() <= _SMALL)
            and t.is_contiguous()
            and not t.is_complex()
        ]
        self._values = _sums(self._views)

    def same(self, tensors: Sequence[Tensor] = ()) -> bool:
        """Whether module and tensors are as they were.

        Args:
            tensors: Those that now belong to the state.
        """
        here = list(map(id, self._read_slots())) == self._identities
        return here and self.untouched(tensors)

    def untouched(self, tensors: Sequence[Tensor] = ()) -> bool:
        """As :meth:`same`, whatever stands in the place of the weights just now."""
        others = list(map(id, tensors)) != list(map(id, self._extra))
        if others or self._read_counts() != self._counts:
            return False
        # while a CUDA graph is recorded no value can be read
        capturing = torch.cuda.is_initialized() and (
            torch.cuda.is_current_stream_capturing()
        )
        return capturing or _sums(self._views) == self._values

    def _read_slots(self) -> list[nn.Module | Tensor | None]:
        return list(chain.from_iterable(map(methodcaller('values'), self._slots)))

    def _read_counts(self) -> list[int]:
        versions = map(attrgetter('_version'), self._counted)
        return [*versions, *map(methodcaller('data_ptr'), self._tensors)]


def _bits(flat: Tensor) -> Tensor:
    """View a tensor of one dimension as integers, eight bytes each where that fits."""
    size = flat.element_size()
    fits = flat.nbytes % 8 == 0 and flat.storage_offset() * size % 8 == 0
    return flat.view(_INTEGERS[8 if fits else size])


def _sums(views: Sequence[Tensor]) -> list[int]:
    """Return a checksum of integer tensors for each device.

    Each integer is taken times a factor of its own, so that their order counts: the sum
    of an even one for its row and an odd one for its column. A product for each would
    take several times as long as the two sums.
    """
    groups = defaultdict(list)  # the small ones together
    for view in views:
        large = view.numel() > _SMALL
        groups[id(view) if large else (view.device, view.dtype)].append(view)
    by_device = defaultdict(list)
    for group in groups.values():
        flat = torch.cat(group) if len(group) > 1 else group[0]
        whole = len(flat) - len(flat) % _ROW
        rows = flat[:whole].view(-1, _ROW)
        parts = rows.sum(1), rows.sum(0), flat[whole:]
        by_device[flat.device].append(parts)
    totals = []
    for parts in by_device.values():
        down, across, rest = zip(*parts, strict=True)
        odd = _FACTOR * _weighted(torch.cat([*across, *rest]), first=1)
        totals.append(_weighted(torch.cat(down), first=0) + odd)
    return [total.item() for total in totals]  # one wait for each device


def _weighted(numbers: Tensor, first: int) -> Tensor:
    end = first + 2 * len(numbers)
    return (numbers * torch.arange(first, end, 2, device=numbers.device)).sum()
