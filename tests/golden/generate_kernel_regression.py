"""Kernel regression: statsmodels' local-constant KernelReg, and torch.cdist for the gradients."""
import numpy as np
import statsmodels
import torch
from common import case, leaf, numbers, write
from statsmodels.nonparametric.kernel_regression import KernelReg

torch.manual_seed(1964)


def by_distance(query, keys, values, bandwidth):
    weights = torch.softmax(-torch.cdist(query, keys) ** 2 / (2 * bandwidth**2), -1)
    return {"context": weights @ values, "weights": weights}


def local_constant(queries, keys, depth, bandwidth):
    query, key, value = torch.randn(queries, depth), torch.randn(keys, depth), torch.randn(keys)
    model = KernelReg(value.numpy(), key.numpy(), "c" * depth, reg_type="lc", bw=np.full(depth, bandwidth))
    mean, _ = model.fit(query.numpy())
    return {
        "inputs": {"query": numbers(query[None]), "keys": numbers(key[None]), "values": numbers(value[None, :, None])},
        "outputs": {"context": numbers(torch.tensor(mean)[None, :, None])},
        "options": {"bandwidth": bandwidth},
    }


shapes = [(1, 1, 1, 1, 1, 1.0), (2, 3, 5, 4, 2, 0.7), (1, 4, 7, 2, 3, 2.0)]
write(
    "kernel-regression",
    [
        case(
            {"query": leaf(b, q, d), "keys": leaf(b, k, d), "values": leaf(b, k, v)}, {}, by_distance, {"bandwidth": h}
        )
        for b, q, k, d, v, h in shapes
    ],
)
write(
    "kernel-regression-statsmodels",
    [local_constant(*sizes) for sizes in [(3, 8, 1, 0.5), (4, 9, 2, 1.3)]],
    statsmodels=statsmodels.__version__,
)
