#!/usr/bin/env python3
"""Numbers that the replay's rival strategies are compared with, made by scikit-learn, scipy and statsmodels.

    pip install numpy scipy scikit-learn statsmodels && python3 reference.py > reference.json

Same seeds, same numbers; the tests read the committed file, so nobody needs Python to run them.
"""
import json
import warnings

import numpy as np
import statsmodels.api as sm
from scipy.optimize import linprog
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel


def plain(value):
    """Arrays as lists of floats of twelve digits."""
    return np.vectorize(lambda x: float(f"{x:.12g}"))(np.asarray(value, float)).tolist()


def gaussian(random):
    """Predictions with given parameters, and the likelihood that scikit-learn's own search reaches from ten starts."""
    cases = []
    for count, width, noise in [(3, 1, 0.05), (8, 1, 0.3), (15, 2, 0.1), (30, 3, 0.2), (40, 4, 0.05)]:
        inputs = random.normal(0, 1, (count, width))
        targets = np.sin(inputs[:, 0]) + inputs @ np.linspace(1, 0, width) + random.normal(0, noise, count)
        inputs = (inputs - inputs.mean(0)) / inputs.std(0)
        targets = (targets - targets.mean()) / targets.std()
        queries = random.normal(0, 1.5, (6, width))
        lengths = random.uniform(0.5, 3, width)
        variance, level = random.uniform(0.5, 2), random.uniform(0.001, 0.2)
        kernel = ConstantKernel(variance) * RBF(lengths) + WhiteKernel(level)
        fixed = GaussianProcessRegressor(kernel, optimizer=None, alpha=0).fit(inputs, targets)
        # The kernel's own noise is part of predict's deviation.
        mean, deviation = fixed.predict(queries, return_std=True)
        value, gradient = fixed.log_marginal_likelihood(fixed.kernel_.theta, eval_gradient=True)
        free = ConstantKernel(1, (np.exp(-7), np.exp(7))) * RBF(
            np.ones(width), (np.exp(-4.6), np.exp(7))
        ) + WhiteKernel(0.01, (np.exp(-11.5), np.exp(2.3)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = GaussianProcessRegressor(free, n_restarts_optimizer=10, random_state=0, alpha=0).fit(inputs, targets)
        cases.append(
            {
                "inputs": plain(inputs),
                "targets": plain(targets),
                "queries": plain(queries),
                "parameters": plain(np.concatenate([[np.log(variance)], np.log(lengths), [np.log(level)]])),
                "means": plain(mean),
                "variances": plain(deviation**2),
                "log_likelihood": plain([value])[0],
                "gradient": plain(gradient),
                "best_log_likelihood": plain([best.log_marginal_likelihood_value_])[0],
            }
        )
    return cases


def quantile(random):
    """Quantile regression as the linear programme that it is, by HiGHS; statsmodels agrees."""
    cases = []
    for count, width, share, repeats in [
        (6, 2, 0.5, 1), (20, 2, 0.95, 1), (60, 3, 0.99, 1), (60, 3, 0.9, 3), (150, 5, 0.95, 1), (40, 1, 0.7, 4)
    ]:
        design = np.column_stack([np.ones(count // repeats), random.uniform(0, 1, (count // repeats, width - 1))])
        design = np.repeat(design, repeats, axis=0)
        count = len(design)
        needs = design @ random.uniform(0.5, 3, width) * np.exp(random.normal(0, 0.1, count))
        if repeats > 3:
            needs = np.round(needs, 1)
        cost = np.concatenate([np.zeros(width), np.full(count, share), np.full(count, 1 - share)])
        equal = np.hstack([design, np.eye(count), -np.eye(count)])
        bounds = [(None, None)] * width + [(0, None)] * (2 * count)
        solved = linprog(cost, A_eq=equal, b_eq=needs, bounds=bounds, method="highs")
        assert solved.status == 0
        residual = needs - design @ sm.QuantReg(needs, design).fit(q=share, max_iter=5000).params
        loss = float(np.sum(residual * (share - (residual < 0))))
        assert solved.fun <= loss * (1 + 1e-9) and loss < solved.fun * 1.02, (loss, solved.fun)
        cases.append(
            {
                "design": plain(design),
                "needs": plain(needs),
                "share": share,
                "loss": plain([solved.fun])[0],
                "coefficients": plain(solved.x[:width]),
            }
        )
    return cases


def percentile(random):
    """numpy's percentiles, between neighbours in proportion."""
    values = random.lognormal(3, 1, 37)
    shares = [0, 0.1, 0.5, 0.95, 0.99, 1]
    return [{"values": plain(values), "shares": shares, "results": plain(np.quantile(values, shares))}]


if __name__ == "__main__":
    reference = {
        "gaussian": gaussian(np.random.default_rng(1)),
        "quantile": quantile(np.random.default_rng(2)),
        "percentile": percentile(np.random.default_rng(3)),
    }
    print(json.dumps(reference))
