"""The formulas of distance-based concentration written out over all pairs: O(n²) memory, for tests only."""

import numpy as np


def distances(x, y):
    return np.hypot(x[:, None] - x, y[:, None] - y)


def k_density(x, y, mass, r, bandwidth):
    first, second = np.triu_indices(len(x), 1)
    d, both = distances(x, y)[first, second], mass[first] * mass[second]

    def normal(gap):
        return np.exp(-0.5 * (gap / bandwidth) ** 2) / (bandwidth * np.sqrt(2 * np.pi))

    return np.array([np.sum(both * (normal(at - d) + normal(at + d))) for at in r]) / both.sum()


def m_function(x, y, mass, case, r):
    d = distances(x, y)
    np.fill_diagonal(d, np.inf)
    out = []
    for at in r:
        share = expected = 0.0
        for i in np.flatnonzero(case):
            near = d[i] <= at
            if mass[near].sum() > 0:
                share += mass[near & case].sum() / mass[near].sum()
                expected += (mass[case].sum() - mass[i]) / (mass.sum() - mass[i])
        out.append(share / expected if expected else 1.0)
    return np.array(out)


def l_function(x, y, window, r):
    width, height = window[2] - window[0], window[3] - window[1]
    d, n = distances(x, y), len(x)
    overlap = (width - np.abs(x[:, None] - x)) * (height - np.abs(y[:, None] - y))
    apart = ~np.eye(n, dtype=bool)
    k = np.array([np.sum((d <= at)[apart] / overlap[apart]) for at in r]) * (width * height) ** 2 / (n * (n - 1))
    return np.sqrt(k / np.pi) - r
