"""The same trajectories and SGLD steps as bench/compute.ts, through JAX (jit, scan over steps, vmap over chains).

usage: python xla_peer.py [SCALE]      SCALE below 1 does fewer steps; needs jax
Prints one JSON line a case: kind, precision, dims, num_data, num_chains, us_per_step (one step of all chains, best of at least five runs).
"""
import json
import math
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

SMALL, BASE = (4, 4, 4, 1), (32, 62, 62, 62, 1)
BATCH = 256
# kind, layer sizes, data points, chains, steps in one timed run
CASES = [
    ("leapfrog", SMALL, 100, 4, 4000),
    ("leapfrog", SMALL, 100, 1024, 40),
    ("leapfrog", BASE, 1000, 4, 60),
    ("leapfrog", BASE, 20000, 4, 5),
    ("sgld", BASE, 20000, 4, 200),
]


def network(layers, x):
    *hidden, (w, b) = layers
    for v, c in hidden:
        x = jax.nn.relu(x @ v + c)
    return x @ w + b


def problem(dims, num_data, num_chains, dtype):
    """Data, a flat start for every chain, and the way back from a flat vector to layers."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.standard_normal(shape), dtype)
    layers = [(draw(i, o) * (2 / i) ** 0.5, draw(o) * 0.1) for i, o in zip(dims, dims[1:])]
    flat, to_layers = ravel_pytree(layers)
    return draw(num_data, dims[0]), draw(num_data, dims[-1]), jnp.tile(flat, (num_chains, 1)), to_layers


def leapfrog_run(dims, num_data, num_chains, dtype, num_steps):
    x, y, start, to_layers = problem(dims, num_data, num_chains, dtype)
    n_beta, center, step_size = num_data / math.log(num_data), start[0], 1e-4

    def potential(w):
        return n_beta * jnp.mean((network(to_layers(w), x) - y) ** 2) + 0.5 * jnp.sum((w - center) ** 2)

    def step(state, _):
        position, momentum = state
        momentum = momentum - step_size * jax.grad(potential)(position)
        return (position + step_size * momentum, momentum), None

    def chain(position, momentum):
        return jax.lax.scan(step, (position, momentum), None, length=num_steps)[0]

    momentum = jax.random.normal(jax.random.PRNGKey(1), start.shape, dtype)
    return jax.jit(jax.vmap(chain)), (start, momentum)


def sgld_run(dims, num_data, num_chains, dtype, num_steps):
    x, y, start, to_layers = problem(dims, num_data, num_chains, dtype)
    n_beta, center, step_size = num_data / math.log(num_data), start[0], 1e-6

    def loss(w, rows):
        return jnp.mean((network(to_layers(w), x[rows]) - y[rows]) ** 2)

    def step(w, key):
        key_rows, key_noise = jax.random.split(key)
        rows = jax.random.randint(key_rows, (BATCH,), 0, num_data)
        drift = n_beta * jax.grad(loss)(w, rows) + (w - center)
        noise = jax.random.normal(key_noise, w.shape, dtype)
        return w - 0.5 * step_size * drift + math.sqrt(step_size) * noise, None

    def chain(w, key):
        return jax.lax.scan(step, w, jax.random.split(key, num_steps))[0]

    return jax.jit(jax.vmap(chain)), (start, jax.random.split(jax.random.PRNGKey(2), num_chains))


def best_seconds(run, arguments):
    jax.block_until_ready(run(*arguments))  # compiles
    times = []
    while len(times) < 5 or sum(times) < 1.5:
        begin = time.perf_counter()
        jax.block_until_ready(run(*arguments))
        times.append(time.perf_counter() - begin)
    return min(times)


def main():
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    for dtype in (jnp.float32, jnp.float64):
        jax.config.update("jax_enable_x64", dtype == jnp.float64)
        for kind, dims, num_data, num_chains, full_steps in CASES:
            num_steps = max(1, round(full_steps * scale))
            make = leapfrog_run if kind == "leapfrog" else sgld_run
            run, arguments = make(dims, num_data, num_chains, dtype, num_steps)
            micros = best_seconds(run, arguments) / num_steps * 1e6
            case = dict(kind=kind, precision=np.dtype(dtype).name, dims=dims, num_data=num_data, num_chains=num_chains)
            print(json.dumps(case | dict(us_per_step=round(micros, 2))), flush=True)


if __name__ == "__main__":
    main()
