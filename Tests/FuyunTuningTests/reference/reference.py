#!/usr/bin/env python3
"""Numbers that FuyunTuning is compared with, made by numpy, scipy and scikit-learn in other ways than FuyunTuning makes them.

    pip install numpy scipy scikit-learn && python3 reference.py > reference.json

Same seeds, same numbers; ReferenceTests.swift reads the committed file, so nobody needs Python to run the tests.
"""
import json

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.stats import norm, truncnorm
from sklearn.linear_model import LinearRegression


def plain(value):
    """Arrays as lists of floats."""
    return np.asarray(value, float).tolist()


def non_negative(random):
    """Non-negative least squares, by Lawson and Hanson's algorithm."""
    cases = []
    for size in [1, 2, 3, 4, 5, 5, 5]:
        design = random.uniform(0, 1, (12, size))
        target = design @ random.normal(0.3, 1, size) + random.normal(0, 0.1, 12)
        solution, _ = nnls(design, target)
        cases.append({"design": plain(design), "target": plain(target), "solution": plain(solution)})
    return cases


def relative(random):
    """Relative least squares until it settles, with its leverages and its leave-one-out residuals by leaving one out."""
    cases = []
    for count, noise in [(8, 0.0), (20, 0.5), (40, 3.0)]:
        design = np.column_stack([np.ones(count), random.uniform(1, 50, count), random.uniform(1, 9, count) ** 2])
        needs = (design @ [20.0, 3.0, 1.5]) * np.exp(random.normal(0, 0.05, count))
        weights = random.uniform(0.2, 1, count)
        median = np.sort(needs)[count // 2]
        size = (needs + noise * median) / (1 + noise)
        for _ in range(200):
            root = np.sqrt(weights) / size
            fit = LinearRegression(fit_intercept=False, positive=True).fit(
                design, needs, sample_weight=weights / size**2
            )
            coefficients, _ = nnls(design * root[:, None], needs * root)
            assert np.allclose(fit.coef_, coefficients, rtol=1e-6)
            size = (design @ coefficients + noise * median) / (1 + noise)
        assert (coefficients > 0).all()
        root = np.sqrt(weights) / size
        orthogonal, _ = np.linalg.qr(design * root[:, None])
        left_out = []
        for row in range(count):
            others = np.arange(count) != row
            refit, *_ = np.linalg.lstsq(design[others] * root[others, None], needs[others] * root[others], rcond=None)
            left_out.append((needs[row] - design[row] @ refit) / size[row])
        cases.append(
            {
                "noise": noise,
                "design": plain(design),
                "needs": plain(needs),
                "weights": plain(weights),
                "coefficients": plain(coefficients),
                "leverages": plain((orthogonal**2).sum(axis=1)),
                "residuals": plain(left_out),
                "covariance": plain(np.linalg.inv((design * root[:, None]).T @ (design * root[:, None]))),
            }
        )
    return cases


def tobit(random):
    """Log-normal Tobit by maximum likelihood: y = (a + b x) e^N(0, s), seen only up to a limit."""
    cases = []
    for count, spread, limit in [(60, 0.25, 700.0), (200, 0.25, 400.0), (200, 0.15, 500.0)]:
        x = np.exp(random.uniform(np.log(10), np.log(600), count))
        needs = (120 + 2 * x) * np.exp(random.normal(0, spread, count))
        cut = needs > limit

        def loss(parameters):
            base, slope, log_spread = np.exp(parameters)[0], np.exp(parameters)[1], parameters[2]
            z = (np.log(np.where(cut, limit, needs)) - np.log(base + slope * x)) / np.exp(log_spread)
            return -(norm.logpdf(z[~cut]) - log_spread).sum() - norm.logsf(z[cut]).sum()

        best = minimize(loss, [4.0, 0.0, -1.5], method="Nelder-Mead", options={"maxiter": 20000, "fatol": 1e-10})
        naive = np.column_stack([np.ones(count), x])
        seen = np.minimum(needs, limit)
        wrong, _ = nnls(naive / seen[:, None], np.ones(count))
        cases.append(
            {
                "x": plain(x),
                "needs": plain(seen),
                "censored": [bool(flag) for flag in cut],
                "limit": limit,
                "base": float(np.exp(best.x[0])),
                "slope": float(np.exp(best.x[1])),
                "spread": float(np.exp(best.x[2])),
                "limit_as_peak_slope": float(wrong[1]),
            }
        )
    return cases


def beyond():
    """The mean of the standard normal distribution beyond z."""
    return [{"z": z, "mean": float(truncnorm.mean(z, np.inf))} for z in [-8.0, -2.0, 0.0, 0.5, 2.0, 5.0, 8.0]]


def main():
    random = np.random.default_rng(20260101)
    print(
        json.dumps(
            {
                "non_negative": non_negative(random),
                "relative": relative(random),
                "tobit": tobit(random),
                "beyond": beyond(),
            }
        )
    )


if __name__ == "__main__":
    main()
