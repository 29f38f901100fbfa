"""Fully connected neural networks, trained by libannc.

`AnncClassifier` and `AnncRegressor` are estimators of scikit-learn. `load` reads a model that they or
the program ``annc-gpu`` have saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._library import VERSION as __version__
from ._model import CheckRow, Model, load

if TYPE_CHECKING:
    from ._estimators import AnncClassifier, AnncRegressor

__all__ = ["AnncClassifier", "AnncRegressor", "CheckRow", "Model", "load", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the estimators, and with them scikit-learn, when they are first asked for."""
    if name in ("AnncClassifier", "AnncRegressor"):
        from . import _estimators
        return getattr(_estimators, name)
    raise AttributeError(f"module 'annc' has no attribute {name!r}")
