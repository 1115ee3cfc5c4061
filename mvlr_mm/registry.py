"""The scope `mvlr_mm` of mmengine's registries.

Every part is registered with mmpretrain, so that a config names it without a scope. But
mmengine gives what comes from ``_base_ = 'mvlr_mm::...'`` the scope of that name, and
imports this module to find the registries of that scope.
"""

from mmengine.registry import Registry
from mmpretrain import registry as mmpretrain_registry

SCOPE = 'mvlr_mm'


class SameRegistry(Registry):
    """Another scope for what is registered with the parent."""

    def get(self, key: str) -> type | None:
        """Return what the parent has under this name, with or without our scope."""
        return self.parent.get(key.removeprefix(f'{SCOPE}.'))


REGISTRIES = [
    SameRegistry(parent.name, parent=parent, scope=SCOPE)
    for parent in vars(mmpretrain_registry).values()
    if isinstance(parent, Registry) and parent.scope == 'mmpretrain'
]
