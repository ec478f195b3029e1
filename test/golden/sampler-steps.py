"""Numbers of sampler-steps.test.ts, in double precision, from the equations alone (`python3 test/golden/sampler-steps.py`).

Shares no code with src/: equations of the samplers' pages in docs/samplers.md; Philox4x32-10 and uniforms as in Salmon
et al. (2011) and the header of src/random/uniform.ts; trees by Hoffman & Gelman's recursion with Stan's three checks.
"""
import json
import math

dot = lambda a, b: sum(x * y for x, y in zip(a, b))
add = lambda a, b, c=1.0: [x + c * y for x, y in zip(a, b)]


def momentum_steps(steps, *, has_thermostat, noise_estimate):
    """w += eps p; p = (1 - f) p - eps (nbeta h w + gamma (w - c)) + sqrt(2 f0 - eps^2 b) z; f += eps^2 (|p|^2/d - 1)."""
    h, c, n_beta, gamma = [1, 4, 25], [0.5, -0.2, 0.1], 10, 1
    w, p, z = [0.6, -0.4, 0.15], [0.3, -1.1, 0.7], [0.8, 0.4, -1.5]
    eps, friction = 0.05, 0.2
    xi = friction
    sigma = math.sqrt(2 * friction - eps**2 * noise_estimate)
    for _ in range(steps):
        w = add(w, p, eps)
        force = [n_beta * hi * wi + gamma * (wi - ci) for hi, wi, ci in zip(h, w, c)]
        p = [(1 - xi) * pi - eps * fi + sigma * zi for pi, fi, zi in zip(p, force, z)]
        if has_thermostat:
            xi += eps**2 * (dot(p, p) / 3 - 1)
    return {"position": w, "momentum": p, "friction": xi, "loss": sum(hi * wi * wi for hi, wi in zip(h, w)) / 2}


def philox(counter, key):
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (b >> 32) ^ x1 ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ x3 ^ k1, a & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return x0, x1, x2, x3


def uniform(purpose, step, index, seed=7, chain=0):
    words = philox((index // 2, step, chain, purpose), (seed & 0xFFFFFFFF, seed >> 32))
    first, second = words[2 * (index % 2)], words[2 * (index % 2) + 1]
    return (first * 2**20 + (second >> 12) + 0.5) * 2.0**-52


ACCEPT, DIRECTION, PROPOSAL = 36, 48, 49


class Tree:
    """One transition on U = (h w^2 + gamma (w - c)^2)/2 in the plane, unit mass."""

    h, c, gamma, eps, max_depth = [1, 9], [0.2, -0.1], 0.5, 0.25, 6

    def __init__(self, q, p, step):
        self.step, self.count, self.sum, self.worst = step, 0, 0.0, 0.0
        self.energy = self.potential(q) + dot(p, p) / 2
        self.run(q, p)

    def potential(self, q):
        return sum(h * x * x + self.gamma * (x - c) ** 2 for h, x, c in zip(self.h, q, self.c)) / 2

    def slope(self, q):
        return [h * x + self.gamma * (x - c) for h, x, c in zip(self.h, q, self.c)]

    def leapfrog(self, q, p, eps):
        p = add(p, self.slope(q), -eps / 2)
        q = add(q, p, eps)
        return q, add(p, self.slope(q), -eps / 2)

    def run(self, q, p):
        """Biased progressive doublings."""
        ends = {1: (q, p), -1: (q, p)}
        rho, weight, depth, chosen = p, 1.0, 0, (q, 0.0)
        while depth < self.max_depth:
            sign = 1 if uniform(DIRECTION, self.step, depth) < 0.5 else -1
            first, last = ends[-sign][1], ends[sign][1]
            self.weight, self.candidate = 0.0, None
            tree = self.build(ends[sign], depth, sign, 2**depth)
            if tree is None:
                break
            end, sub_first, sub_last, sub_rho = tree
            if uniform(ACCEPT, self.step, depth) < self.weight / weight:
                chosen = self.candidate
            weight += self.weight
            depth += 1
            ends[sign] = end
            goes_on = self.persists((first, last, rho), (sub_first, sub_last, sub_rho))
            rho = add(rho, sub_rho)
            if not goes_on:
                break
        self.depth, (self.position, self.error) = depth, chosen

    def build(self, start, level, sign, number):
        """2^level leaves: (last point, momenta at the ends, their sum), or None where a stretch turns."""
        if level == 0:
            q, p = self.leapfrog(*start, sign * self.eps)
            error = self.potential(q) + dot(p, p) / 2 - self.energy
            self.count += 1
            self.sum += min(1.0, math.exp(-error))
            self.worst = max(self.worst, error, key=abs)
            self.weight += math.exp(-error)
            if uniform(PROPOSAL, self.step, number) < math.exp(-error) / self.weight:
                self.candidate = (q, error)
            return (q, p), p, p, p
        a = self.build(start, level - 1, sign, number)
        if a is None:
            return None
        b = self.build(a[0], level - 1, sign, number + 2 ** (level - 1))
        if b is None or not self.persists(a[1:], b[1:]):
            return None
        return b[0], a[1], b[2], add(a[3], b[3])

    @staticmethod
    def persists(a, b):
        """a, b: (first momentum, last momentum, sum)."""
        is_open = lambda x, y, rho: dot(x, rho) > 0 and dot(y, rho) > 0
        return (
            is_open(a[0], b[1], add(a[2], b[2]))
            and is_open(a[0], b[0], add(a[2], b[0]))
            and is_open(a[1], b[1], add(b[2], a[1]))
        )


def trees(count):
    q, rows = [1.4, -0.5], []
    for step in range(count):
        tree = Tree(q, [0.9, -1.3], step)
        q = tree.position
        rows.append(
            {
                "position": q,
                "n_steps": tree.count,
                "tree_depth": tree.depth,
                "acceptance_rate": tree.sum / tree.count,
                "energy": tree.energy,
                "energy_error": tree.error,
                "max_energy_error": tree.worst,
            }
        )
    return rows


def laplace():
    """L = (2x^2 + 1.2xy + y^2)/2 + x^4/10, nbeta = 3, gamma = 0.5, w* = 0, H = [[2, .6], [.6, 1]]; v = P^(-1/2) z, the
    symmetric root of P = nbeta H + gamma I: P^(1/2) = (P + r I)/sqrt(tr P + 2 r), r = sqrt(det P)."""
    n_beta, gamma, z = 3, 0.5, [0.7, -1.2]
    a, b, d = 2, 0.6, 1
    half = math.hypot((a - d) / 2, b)
    llc = sum(n_beta * h / (n_beta * h + gamma) for h in [(a + d) / 2 + half, (a + d) / 2 - half]) / 2
    p, q, s = n_beta * a + gamma, n_beta * b, n_beta * d + gamma
    r = math.sqrt(p * s - q * q)
    t = math.sqrt(p + s + 2 * r)
    p, q, s = (p + r) / t, q / t, (s + r) / t
    x, y = (s * z[0] - q * z[1]) / (p * s - q * q), (p * z[1] - q * z[0]) / (p * s - q * q)
    loss = (a * x * x + 2 * b * x * y + d * y * y) / 2 + x**4 / 10
    lp = -n_beta * loss - gamma * (x * x + y * y) / 2
    log_density = math.log(r / (2 * math.pi)) - dot(z, z) / 2
    return {"llc": llc, "loss": loss, "lp": lp, "log_weight": lp - log_density}


def flow():
    """z = mu + e^rho y of two coupling layers on u = (0.3, -0.8, 1.1); parameters ((7 k) mod 11 - 5)/10, in the order of
    conditioner.ts: weights row by row, biases; one hidden layer of 2 tanh units; then the linear path to the shifts."""
    dim, hidden = 3, 2
    numbers = ((7 * k % 11 - 5) / 10 for k in range(10**6))
    take = lambda rows, columns: [[next(numbers) for _ in range(columns)] for _ in range(rows)]
    y, log_det = [0.3, -0.8, 1.1], 0.0
    log_normal = -(dim * math.log(2 * math.pi) + dot(y, y)) / 2
    for kept, moved in [([0, 1], [2]), ([2], [0, 1])]:
        n, x = len(moved), [y[i] for i in kept]
        w1, b1 = take(hidden, len(kept)), take(1, hidden)[0]
        w2, b2 = take(2 * n, hidden), take(1, 2 * n)[0]
        path = take(n, len(kept))
        t = [math.tanh(dot(row, x) + bias) for row, bias in zip(w1, b1)]
        out = [dot(row, t) + bias for row, bias in zip(w2, b2)]
        for j, i in enumerate(moved):
            s = 3 * math.tanh(out[j] / 3)
            y[i] = y[i] * math.exp(s) + out[n + j] + dot(path[j], x)
            log_det += s
    mu, rho = take(1, dim)[0], take(1, dim)[0]
    log_det += sum(rho)
    z = [m + math.exp(r) * v for m, r, v in zip(mu, rho, y)]
    return {"z": z, "log determinant": log_det, "log density": log_normal - log_det}


print(
    json.dumps(
        {
            "sghmc": momentum_steps(2, has_thermostat=False, noise_estimate=3),
            "sgnht": momentum_steps(2, has_thermostat=True, noise_estimate=0),
            "nuts": trees(4),
            "laplace": laplace(),
            "flow": flow(),
        },
        indent=1,
    )
)
