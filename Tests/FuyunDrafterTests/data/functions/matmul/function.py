import numpy as np


def handler(event):
    n = int(event["n"])
    random = np.random.default_rng(event.get("seed", 7))
    a = random.random((n, n))
    if event.get("op", "matmul") == "solve":
        b = random.random(n)
        x = np.linalg.solve(a, b)
        return {"norm": float(np.linalg.norm(x))}
    b = random.random((n, n))
    c = a @ b
    return {"trace": float(np.trace(c))}
