"""The job in JAX on the CPU: an epoch is one compiled program, lax.scan over the minibatches.

The weights after one step must be those of the equations in double precision before anything is
timed."""
import os
import time

import numpy as np

import common

TOLERANCE = 1e-5  # of the change of the weights by one step, as gpu.py has it


def limit_threads(threads):
    """XLA reads this when it starts; the machine's threads otherwise."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def check_step(first, got, x, labels, order, options):
    """Ends the peer if one step leads elsewhere."""
    want = common.reference_steps(first, x, labels, order, options, (1,))[0]
    difference, rounding = common.step_difference(common.flat(first), common.flat(want), common.flat(got))
    if not difference <= TOLERANCE + rounding:
        raise SystemExit(f"JAX: weights after one step differ by {difference:.2g}, more than {TOLERANCE + rounding:.2g}")


def main(options):
    limit_threads(options.threads)
    import jax
    import jax.numpy as jnp

    (x, labels), (test_x, test_labels) = common.load(options.data)
    y, size = np.eye(10, dtype=np.float32)[labels], options.batch
    first = common.initial_weights(options)
    dx, dy = jnp.asarray(x), jnp.asarray(y)

    def forward(theta, x):
        for l, (W, b) in enumerate(theta):
            x = x @ W.T + b
            if l < len(theta) - 1:
                x = jax.nn.relu(x) if options.softmax else jax.nn.sigmoid(x)
        return x

    def cost(theta, x, y):
        z = forward(theta, x)
        if options.softmax:
            return -jnp.sum(y * jax.nn.log_softmax(z)) / len(x)
        return 0.5 * jnp.sum((jax.nn.sigmoid(z) - y) ** 2) / len(x)

    def steps(theta, order, x, y):
        """All minibatches of an order; the last one may be smaller."""
        def step(theta, rows):
            loss, gradient = jax.value_and_grad(cost)(theta, x[rows], y[rows])
            return jax.tree_util.tree_map(lambda p, g: p - options.lr * g, theta, gradient), loss

        count = len(order) // size
        theta, losses = jax.lax.scan(step, theta, order[:count * size].reshape(count, size))
        if len(order) % size == 0:
            return theta, jnp.sum(losses)
        theta, last = step(theta, order[count * size:])
        return theta, jnp.sum(losses) + last

    def start():
        return [(jnp.asarray(W), jnp.asarray(b)) for W, b in first]

    orders = [common.order(len(x), options.seed, epoch).astype(np.int32) for epoch in range(options.epochs)]
    got, _ = jax.jit(steps)(start(), jnp.asarray(orders[0][:size]), dx, dy)
    check_step(first, [tuple(np.asarray(p) for p in pair) for pair in got], x, labels, orders[0], options)
    theta = start()
    run = jax.jit(steps, donate_argnums=0).lower(theta, jnp.asarray(orders[0]), dx, dy).compile()
    for epoch, order in enumerate(orders):
        order = jax.block_until_ready(jnp.asarray(order))
        begin = time.perf_counter()
        theta, loss = jax.block_until_ready(run(theta, order, dx, dy))
        seconds = time.perf_counter() - begin
        correct = np.sum(np.argmax(np.asarray(forward(theta, jnp.asarray(test_x))), 1) == test_labels)
        common.report(f"JAX {jax.__version__}", epoch + 1, float(loss), correct, len(test_x), seconds)
