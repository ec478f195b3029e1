"""BlackJAX's HMC, NUTS and MCLMC on the posterior that bench/samplers.ts wrote: same data, chains, precision, lengths.

usage: python blackjax_peer.py PROBLEM.json      needs blackjax and arviz
Prints one JSON line a sampler and seed: ess (bulk, of the loss trace), gradients (of all chains while drawing), seconds (of
processor time while drawing, compiled before), warmupSeconds (adaptation, compiled before), llc, mcse.
"""
import json
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import arviz
import blackjax
import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc.integrators import isokinetic_mclachlan

jax.config.update("jax_enable_x64", True)
WARMUP = 200  # as the settings of bench/samplers.ts
LEAPFROGS = 8


def loss_of(problem):
    model = problem["model"]
    if model["kind"] == "quadratic":
        h = jnp.array(model["curvature"])
        return lambda w: 0.5 * jnp.sum(h * w * w)
    net = model["network"]
    dims = [net["inDim"], *net["widths"], net["outDim"]]
    act = {"tanh": jnp.tanh, "identity": lambda z: z}[net["activation"]]
    x = jnp.array(problem["inputs"]).reshape(-1, dims[0])
    y = jnp.array(problem["labels"]).reshape(-1, dims[-1])

    def loss(w):
        at, h = 0, x
        for layer, (fan_in, fan_out) in enumerate(zip(dims, dims[1:])):
            h = h @ w[at : at + fan_in * fan_out].reshape(fan_in, fan_out)
            at += fan_in * fan_out
            if net["bias"]:
                h = h + w[at : at + fan_out]
                at += fan_out
            if layer + 2 < len(dims):
                h = act(h)
        return jnp.mean((h - y) ** 2)

    return loss


def timed(function):
    """A function that gives its result and seconds of processor time; compiled at its first call, which does not count."""
    compiled = None

    def call(*arguments):
        nonlocal compiled
        if compiled is None:
            compiled = jax.jit(function).lower(*arguments).compile()
            jax.block_until_ready(compiled(*arguments))
        begin = time.process_time()
        result = jax.block_until_ready(compiled(*arguments))
        return result, time.process_time() - begin

    return call


def main():
    problem = json.load(open(sys.argv[1]))
    center = jnp.array(problem["center"])
    n_beta, gamma, chains = problem["n_beta"], problem["gamma"], problem["num_chains"]
    loss = loss_of(problem)
    logdensity = lambda w: -n_beta * (loss(w) - problem["initial_loss"]) - 0.5 * gamma * jnp.sum((w - center) ** 2)

    def seeds():
        for seed in problem["seeds"]:
            keys = jax.random.split(jax.random.key(seed), chains)
            starts = center + 0.01 * jax.random.normal(jax.random.key(1000 + seed), (chains, center.size))
            yield keys, starts

    def report(sampler, losses, gradients, seconds, warmup_seconds, **more):
        llc = n_beta * (np.asarray(losses) - problem["initial_loss"])
        data = arviz.convert_to_dataset({"x": llc})
        print(
            json.dumps(
                {
                    "sampler": sampler,
                    "ess": float(arviz.ess(data, method="bulk")["x"]),
                    "gradients": float(gradients),
                    "seconds": seconds,
                    "warmupSeconds": warmup_seconds,
                    "llc": float(llc.mean()),
                    "mcse": float(arviz.mcse(data)["x"]),
                    **more,
                }
            ),
            flush=True,
        )

    def hamiltonian(sampler, adapted, draw, draws):
        def warm(key, start):
            (state, parameters), _ = blackjax.window_adaptation(
                adapted[0], logdensity, target_acceptance_rate=0.8, **adapted[1]
            ).run(key, start, WARMUP)
            return state.position, parameters["step_size"], parameters["inverse_mass_matrix"]

        def run(key, position, step_size, mass):
            kernel, init = draw(step_size, mass)

            def one(state, key):
                state, info = kernel(key, state)
                return state, (loss(state.position), info.num_integration_steps)

            return jax.lax.scan(one, init(position, key), jax.random.split(key, draws))[1]

        warm, run = timed(jax.vmap(warm)), timed(jax.vmap(run))
        for keys, starts in seeds():
            (positions, steps, masses), warmup_seconds = warm(keys, starts)
            (losses, counts), seconds = run(keys, positions, steps, masses)
            report(sampler, losses, counts.sum(), seconds, warmup_seconds)

    budget = problem["gradients"]

    def hmc(step_size, mass):
        algorithm = blackjax.dynamic_hmc(
            logdensity,
            step_size=step_size,
            inverse_mass_matrix=mass,
            integration_steps_fn=lambda key: jax.random.randint(key, (), 1, 2 * LEAPFROGS),
            next_random_arg_fn=lambda key: jax.random.split(key)[1],
        )
        return algorithm.step, lambda position, key: algorithm.init(position, key)

    def nuts(step_size, mass):
        algorithm = blackjax.nuts(logdensity, step_size=step_size, inverse_mass_matrix=mass, max_num_doublings=8)
        return algorithm.step, lambda position, key: algorithm.init(position)

    hamiltonian("hmc", (blackjax.hmc, {"num_integration_steps": LEAPFROGS}), hmc, budget // 10)
    hamiltonian("nuts", (blackjax.nuts, {}), nuts, budget // 15)

    kernel = blackjax.mcmc.mclmc.build_kernel(
        integrator=isokinetic_mclachlan, desired_energy_var=problem["desired_energy_var"]
    )
    tuning_steps, thinning = budget // 5, 3

    def tune(key, start):
        state = blackjax.mcmc.mclmc.init(start, logdensity, key)
        state, parameters, _ = blackjax.mclmc_find_L_and_step_size(
            mclmc_kernel=kernel,
            num_steps=tuning_steps,
            state=state,
            rng_key=key,
            logdensity_fn=logdensity,
            desired_energy_var=problem["desired_energy_var"],
        )
        return state, parameters

    draws = budget // 10

    def run(key, state, parameters):
        def step(state, key):
            state, info = kernel(key, state, logdensity, parameters.inverse_mass_matrix, parameters.L, parameters.step_size)
            return state, info.energy_change

        def one(state, key):
            state, changes = jax.lax.scan(step, state, jax.random.split(key, thinning))
            return state, (loss(state.position), changes)

        return jax.lax.scan(one, state, jax.random.split(key, draws))[1]

    tune, run = timed(jax.vmap(tune)), timed(jax.vmap(run))
    for keys, starts in seeds():
        (states, parameters), warmup_seconds = tune(keys, starts)
        (losses, changes), seconds = run(keys, states, parameters)
        energy_var = float(np.var(np.asarray(changes)) / center.size)
        step_size = float(np.exp(np.mean(np.log(np.asarray(parameters.step_size)))))
        more = {"energyVar": energy_var, "stepSize": step_size}
        report("mclmc", losses, 2 * thinning * draws * chains, seconds, warmup_seconds, **more)


main()
