"""Losses: arithmetic as functions, modules as shells."""

from .asymmetric_loss import LogitAsymmetricLoss, asymmetric_loss
from .kcr_loss import KCRLoss

__all__ = ['KCRLoss', 'LogitAsymmetricLoss', 'asymmetric_loss']
