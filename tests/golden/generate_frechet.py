"""The Fréchet distance of samples, as the FID takes it: means, covariances, SciPy's root of a matrix."""
import json
from pathlib import Path

import numpy as np
import scipy
from scipy.linalg import sqrtm

draw = np.random.default_rng(2017)


def numbers(x):
    x = np.asarray(x, dtype=np.float64)
    return {"shape": list(x.shape), "values": x.ravel().tolist()}


def rounded(x):
    return np.round(x, 3)


def distance(a, b):
    root = sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    trace = np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + trace)


cases = []
for count, other, width in [(40, 60, 2), (30, 25, 5), (60, 40, 12)]:
    mix = draw.normal(size=(width, width))
    a = rounded(draw.normal(size=(count, width)) @ mix)
    b = rounded(draw.normal(size=(other, width)) @ (mix + 0.5 * draw.normal(size=mix.shape)) + 0.3)
    cases.append({"a": numbers(a), "b": numbers(b), "distance": distance(a, b)})
file = Path(__file__).parent / "frechet-distance.json"
file.write_text(json.dumps({"versions": {"scipy": scipy.__version__}, "cases": cases}) + "\n")
