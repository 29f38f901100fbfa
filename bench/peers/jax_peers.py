"""JAX as a GPU peer; worker.py has the protocol.

    jax_peers.py FOLDER scan|population UNROLL DEVICE

An epoch is one compiled program: lax.scan over the minibatches, which gathers the examples inside,
and one more step for a last minibatch that is smaller. population: the same, vmap over many
networks."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import worker


class Jax(worker.Peer):
    def __init__(self, job, population, unroll):
        jax.config.update("jax_default_matmul_precision", "highest")
        self.job, self.population, self.unroll = job, population, unroll
        self.device = jax.devices()[0].device_kind
        self.versions = {"jax": jax.__version__}
        try:
            import jaxlib
            self.versions["jaxlib"] = jaxlib.__version__
        except ImportError:
            pass

    def synchronise(self):
        jax.block_until_ready(getattr(self, "theta", None))

    def stage(self):
        job = self.job
        self.x, self.test_x = jnp.asarray(job.scaled(job.x)), jnp.asarray(job.scaled(job.test_x))
        self.y, self.test_labels = jnp.asarray(job.one_hot(job.y)), jnp.asarray(job.test_y)
        orders = job.orders if self.population else job.orders[:, 0]
        self.orders = [jnp.asarray(order) for order in orders]
        self.restore()
        jax.block_until_ready((self.x, self.test_x, self.y, self.orders))

    def restore(self):
        first = self.job.first if self.population else self.job.first[0]
        self.theta = [(jnp.array(W), jnp.array(b)) for W, b in self.job.split(first)]

    def parameters(self):
        rows = self.job.networks
        parts = [np.asarray(p).reshape(rows, -1) for pair in self.theta for p in pair]
        return np.concatenate(parts, 1)

    def forward(self, theta, x):
        for l, (W, b) in enumerate(theta):
            x = x @ W.T + b
            if l < len(theta) - 1:
                x = jax.nn.relu(x) if self.job.softmax else jax.nn.sigmoid(x)
        return x

    def cost(self, theta, x, y):
        z = self.forward(theta, x)
        if self.job.softmax:
            return -jnp.sum(y * jax.nn.log_softmax(z)) / len(x)
        return 0.5 * jnp.sum((jax.nn.sigmoid(z) - y) ** 2) / len(x)

    def step(self, theta, rows, x, y):
        gradient = jax.grad(self.cost)(theta, x[rows], y[rows])
        return jax.tree_util.tree_map(lambda p, g: p - self.job.lr * g, theta, gradient)

    def steps(self, theta, order, x, y, count, tail):
        """The first `count` whole minibatches of an order, and, if asked for, the smaller one at
        its end."""
        size = self.job.batch

        def body(theta, rows):
            return self.step(theta, rows, x, y), None

        theta, _ = jax.lax.scan(body, theta, order[:count * size].reshape(count, size), unroll=min(self.unroll, count))
        return self.step(theta, order[count * size:], x, y) if tail else theta

    def compiled(self, count, tail):
        def function(theta, order, x, y):
            run = lambda theta, order: self.steps(theta, order, x, y, count, tail)  # noqa: E731
            return (jax.vmap(run) if self.population else run)(theta, order)

        arguments = (self.theta, self.orders[0], self.x, self.y)
        return jax.jit(function, donate_argnums=0).lower(*arguments).compile()

    def prepare(self):
        job = self.job
        self.programs = {count: self.compiled(count, False) for count in {1, job.graph_steps}}
        self.epoch = self.compiled(job.full, job.rest > 0)

        def correct(theta, x, labels):
            run = lambda theta: jnp.sum(jnp.argmax(self.forward(theta, x), 1) == labels)  # noqa: E731
            return (jax.vmap(run) if self.population else run)(theta)

        self.correct = jax.jit(correct).lower(self.theta, self.test_x, self.test_labels).compile()

    def run_steps(self, count):
        self.theta = self.programs[count](self.theta, self.orders[0], self.x, self.y)

    def run_epoch(self, epoch):
        self.theta = self.epoch(self.theta, self.orders[epoch], self.x, self.y)

    def count_correct(self):
        return np.asarray(self.correct(self.theta, self.test_x, self.test_labels)).reshape(-1)


def make(job):
    device = "gpu" if jax.default_backend() in ("gpu", "cuda") else jax.default_backend()
    if sys.argv[4] == "cuda" and device != "gpu":
        raise SystemExit(f"JAX finds no GPU: its backend is {device}")
    return Jax(job, sys.argv[2] == "population", int(sys.argv[3]))


if __name__ == "__main__":
    worker.serve(make)
