"""A trunk in its parts, and what is behind the first of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import copy

from torch import Tensor, nn


def parts_of(trunk: nn.Module, name: str) -> Iterator[str]:
    """Yield the names of a trunk's parts, the members of a sequence one by one.

    They come as the trunk lists them, which is the order in which nearly all run them.
    A trunk with parameters beside its parts, such as positions, has none: what comes
    out of one is not all that the next one gets.

    Args:
        trunk: A wrapper around a single module has that one's parts.
        name: The trunk's own, before theirs.
    """
    if any(True for _ in trunk.parameters(recurse=False)):
        return
    children = list(trunk.named_children())
    if len(children) == 1:
        (child, part), *_ = children
        yield from parts_of(part, f'{name}.{child}')
        return
    for child, part in children:
        yield from _members(part, f'{name}.{child}')


def _members(part: nn.Module, name: str) -> Iterator[str]:
    if not isinstance(part, nn.Sequential):
        yield name
        return
    for child, member in part.named_children():
        yield from _members(member, f'{name}.{child}')


class PassOn(nn.Module):
    """Gives what it gets, whatever else a part is told."""

    def forward(self, x: Tensor, *_: object, **__: object) -> Tensor:
        """Return ``x``."""
        return x


def without(module: nn.Module, names: Iterable[str]) -> nn.Module:
    """Return a module without some parts, in whose places what comes in goes on.

    It shares all others with the module given, which stays as it is.

    Args:
        module: With these parts.
        names: Dotted names of the parts to leave out.
    """
    inner: dict[str, list[str]] = defaultdict(list)
    for name in names:
        child, _, rest = name.partition('.')
        inner[child].append(rest)
    result = copy(module)
    result._modules = dict(module._modules)
    for child, rests in inner.items():
        if '' in rests:
            result._modules[child] = PassOn()
        else:
            result._modules[child] = without(module.get_submodule(child), rests)
    return result
