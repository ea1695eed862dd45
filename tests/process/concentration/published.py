"""Data and values of others: small sets that peers ship, and where a test is left out when they are not installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest


def mexico() -> pd.DataFrame:
    """Income per head of 32 Mexican states, 1940-2000, with the regions of Hanson (1998)."""
    libpysal = pytest.importorskip("libpysal", reason="a development package; its examples hold the data")
    return pd.read_csv(libpysal.examples.get_path("mexico.csv"))


def mexico_incomes() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Shape (32, 7): states by decade, 1940 to 2000."""
    return mexico()[[f"pcgdp{decade}" for decade in range(1940, 2010, 10)]].to_numpy(dtype=np.float64)


def us_incomes() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Income per head of 48 US states, shape (48, 81): 1929 to 2009."""
    libpysal = pytest.importorskip("libpysal", reason="a development package; its examples hold the data")
    table = pd.read_csv(libpysal.examples.get_path("usjoin.csv"))
    return table[[str(year) for year in range(1929, 2010)]].to_numpy(dtype=np.float64)
