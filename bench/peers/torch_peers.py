"""PyTorch as a GPU peer, in several forms; worker.py has the protocol.

    torch_peers.py FOLDER FORM DEVICE

eager           nn.Sequential, autograd and torch.optim.SGD, a step at a time
compile         the step of explicit products (below) through torch.compile, a step at a time
graph           the step of explicit products as a CUDA graph of one step
graphs          the same, many steps in one CUDA graph
compile_graphs  many compiled steps in one CUDA graph
population      many networks at once by batched products; many steps in one CUDA graph
                (on a CPU, without a graph)

The step of explicit products writes the gradient out: the weight gradient is added to the weights
by the product itself (addmm_), which saves the launches of autograd and of an optimiser. A graph
gathers its own examples with index_select, by the order tensor and a counter of steps in the
device's memory."""
import sys

import torch

import worker


class Torch(worker.Peer):
    def __init__(self, job, device):
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.set_float32_matmul_precision("highest")
        self.job, self.torch_device, self.cuda = job, torch.device(device), device == "cuda"
        if self.cuda and not torch.cuda.is_available():
            raise SystemExit("torch finds no CUDA device")
        self.device = torch.cuda.get_device_name() if self.cuda else "cpu"
        self.versions = {"torch": str(torch.__version__)}
        if self.cuda:
            self.versions["cuda"] = torch.version.cuda
        self.softmax = job.softmax

    def synchronise(self):
        if self.cuda:
            torch.cuda.synchronize()

    def tensor(self, array):
        return torch.tensor(array, device=self.torch_device)

    def stage(self):
        job = self.job
        self.x, self.test_x = self.tensor(job.scaled(job.x)), self.tensor(job.scaled(job.test_x))
        self.y = self.tensor(job.one_hot(job.y))
        self.labels, self.test_labels = self.tensor(job.y).long(), self.tensor(job.test_y).long()
        self.orders = self.tensor(job.orders)
        self.first = self.tensor(job.first)
        self.order = self.orders[0].clone()  # of the present epoch, networks x examples
        self.counter = torch.zeros(1, dtype=torch.long, device=self.torch_device)  # graphs replayed in this epoch
        self.make_parameters()

    def make_parameters(self):
        self.theta = [(W.clone(), b.clone()) for W, b in self.first_theta()]

    def first_theta(self):
        return self.job.split(self.first[0])

    def restore(self):
        for (W, b), (first_W, first_b) in zip(self.theta, self.first_theta()):
            W.copy_(first_W)
            b.copy_(first_b)

    def parameters(self):
        rows = self.theta[0][1].numel() // self.job.widths[1]  # networks
        return torch.cat([p.reshape(rows, -1) for pair in self.theta for p in pair], 1).cpu().numpy()

    def use_order(self, epoch):
        self.order.copy_(self.orders[epoch])
        self.counter.zero_()

    def forward(self, x):
        for l, (W, b) in enumerate(self.theta):
            x = torch.addmm(b, x, W.t())
            if l < len(self.theta) - 1:
                x = torch.relu(x) if self.softmax else torch.sigmoid(x)
        return x

    def count_correct(self):
        with torch.no_grad():
            return [int((self.forward(self.test_x).argmax(1) == self.test_labels).sum())]


class Eager(Torch):
    def make_parameters(self):
        layers, widths = [], self.job.widths
        for l, (n_in, n) in enumerate(zip(widths, widths[1:])):
            layers.append(torch.nn.Linear(n_in, n, device=self.torch_device))
            if not (self.softmax and l == len(widths) - 2):
                layers.append(torch.nn.ReLU() if self.softmax else torch.nn.Sigmoid())
        self.net = torch.nn.Sequential(*layers)
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=self.job.lr)
        self.restore()

    def restore(self):
        with torch.no_grad():
            for module, (W, b) in zip((m for m in self.net if isinstance(m, torch.nn.Linear)),
                                      self.first_theta()):
                module.weight.copy_(W)
                module.bias.copy_(b)

    def parameters(self):
        return torch.cat([p.detach().flatten() for p in self.net.parameters()]).cpu().numpy()

    def forward(self, x):
        return self.net(x)

    def step(self, rows):
        self.optimiser.zero_grad(set_to_none=True)
        output = self.net(self.x[rows])
        if self.softmax:
            loss = torch.nn.functional.cross_entropy(output, self.labels[rows])
        else:
            loss = 0.5 * ((output - self.y[rows]) ** 2).sum() / len(rows)
        loss.backward()
        self.optimiser.step()

    def run_steps(self, count):
        self.use_order(0)
        for rows in self.order[0].long().split(self.job.batch)[:count]:
            self.step(rows)

    def run_epoch(self, epoch):
        self.use_order(epoch)
        for rows in self.order[0].long().split(self.job.batch):
            self.step(rows)


class Explicit(Torch):
    """Steps of explicit products; `many`: steps per program, `graph`: programs are CUDA graphs."""

    def __init__(self, job, device, many, graph, compiled):
        super().__init__(job, device)
        self.many, self.graph = many, graph
        if graph and not self.cuda:
            raise SystemExit("needs a CUDA device: a CPU has no CUDA graphs")
        if compiled and not hasattr(torch, "compile"):
            raise SystemExit(f"torch {torch.__version__} has no torch.compile")
        self.one_step = torch.compile(self.step, dynamic=False) if compiled else self.step

    def stage(self):
        super().stage()
        self.ones = torch.ones(self.job.batch, device=self.torch_device)

    def step(self, x, y):
        theta, a, last = self.theta, [x], len(self.theta) - 1
        for l, (W, b) in enumerate(theta):
            z = torch.addmm(b, a[-1], W.t())
            if not self.softmax:
                a.append(torch.sigmoid(z))
            else:
                a.append(torch.relu(z) if l < last else torch.softmax(z, 1))
        scale = -self.job.lr / len(x)
        delta = a[-1] - y
        if not self.softmax:
            delta = torch.ops.aten.sigmoid_backward(delta, a[-1])
        for l in range(last, -1, -1):
            W, b = theta[l]
            below = None
            if l > 0:
                backward = torch.ops.aten.threshold_backward if self.softmax else torch.ops.aten.sigmoid_backward
                below = backward(delta @ W, a[l], *([0] if self.softmax else []))
            W.addmm_(delta.t(), a[l], alpha=scale)
            b.addmv_(delta.t(), self.ones[:len(x)], alpha=scale)
            delta = below

    def gather_and_step(self, minibatches, replay, size):
        """The steps of the replay-th group of `minibatches` minibatches of `size` examples; of the
        tail of the epoch if replay is None."""
        group = self.order[0][:self.job.full * self.job.batch]
        if replay is None:  # the tail of the epoch, at a place that does not change
            first = self.job.full // self.many * self.many * self.job.batch
            rows = self.order[0][first:]
        else:
            rows = group[:len(group) // (minibatches * size) * minibatches * size]
            rows = rows.view(-1, minibatches * size).index_select(0, replay).view(-1)
        x, y = self.x.index_select(0, rows), self.y.index_select(0, rows)
        for x_step, y_step in zip(x.split(size), y.split(size)):
            self.one_step(x_step, y_step)

    def body(self, minibatches):
        self.gather_and_step(minibatches, self.counter, self.job.batch)
        self.counter.add_(1)

    def tail(self):
        self.gather_and_step(None, None, self.job.batch)

    def captured(self, function, *arguments):
        """A callable that does function(*arguments), if wanted as the replay of a CUDA graph."""
        if not self.graph:
            return lambda: function(*arguments)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.counter.zero_()
                function(*arguments)
        torch.cuda.current_stream().wait_stream(stream)
        self.counter.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            function(*arguments)
        self.graphs.append(graph)
        return graph.replay

    @torch.no_grad()
    def prepare(self):
        self.graphs = []
        self.single = self.captured(self.body, 1)
        self.program = self.captured(self.body, self.many) if self.many > 1 else self.single
        has_tail = self.job.full % self.many or self.job.rest
        self.end = self.captured(self.tail) if has_tail else lambda: None
        if not self.graph:  # whatever is compiled at the first call
            self.use_order(0)
            self.single()
            self.end()

    @torch.no_grad()
    def run_steps(self, count):
        self.use_order(0)
        if count == 1:
            self.single()
        else:
            for _ in range(count // self.many):
                self.program()

    @torch.no_grad()
    def run_epoch(self, epoch):
        self.use_order(epoch)
        program = self.program
        for _ in range(self.job.full // self.many):
            program()
        self.end()


class Population(Explicit):
    """Networks of one shape, each with its own parameters and order: batched products."""

    def first_theta(self):
        return self.job.split(self.first)

    def forward(self, x):
        x = x.expand(self.job.networks, *x.shape)
        for l, (W, b) in enumerate(self.theta):
            x = torch.baddbmm(b.unsqueeze(1), x, W.transpose(1, 2))
            if l < len(self.theta) - 1:
                x = torch.relu(x) if self.softmax else torch.sigmoid(x)
        return x

    def count_correct(self):
        with torch.no_grad():
            hits = [(self.forward(x).argmax(2) == labels).sum(1)
                    for x, labels in zip(self.test_x.split(1000), self.test_labels.split(1000))]
            return torch.stack(hits).sum(0).tolist()

    def step(self, x, y):
        theta, a, last = self.theta, [x], len(self.theta) - 1
        for l, (W, b) in enumerate(theta):
            z = torch.baddbmm(b.unsqueeze(1), a[-1], W.transpose(1, 2))
            if not self.softmax:
                a.append(torch.sigmoid(z))
            else:
                a.append(torch.relu(z) if l < last else torch.softmax(z, 2))
        scale = -self.job.lr / x.shape[1]
        delta = a[-1] - y
        if not self.softmax:
            delta = torch.ops.aten.sigmoid_backward(delta, a[-1])
        for l in range(last, -1, -1):
            W, b = theta[l]
            below = None
            if l > 0:
                backward = torch.ops.aten.threshold_backward if self.softmax else torch.ops.aten.sigmoid_backward
                below = backward(torch.bmm(delta, W), a[l], *([0] if self.softmax else []))
            W.baddbmm_(delta.transpose(1, 2), a[l], alpha=scale)
            b.add_(delta.sum(1), alpha=scale)
            delta = below

    def gather(self, rows):
        """rows: networks x examples of one step; inputs and targets."""
        flat, shape = rows.reshape(-1), rows.shape
        return self.x.index_select(0, flat).view(*shape, -1), self.y.index_select(0, flat).view(*shape, -1)

    def body(self, minibatches):
        size = self.job.batch
        orders = self.order[:, :self.job.full // minibatches * minibatches * size]
        orders = orders.view(self.job.networks, -1, minibatches * size).index_select(1, self.counter).squeeze(1)
        for rows in orders.split(size, 1):
            self.one_step(*self.gather(rows))
        self.counter.add_(1)

    def tail(self):
        first = self.job.full // self.many * self.many * self.job.batch
        for rows in self.order[:, first:].split(self.job.batch, 1):
            self.one_step(*self.gather(rows))


def make(job):
    form, device = sys.argv[2:4]
    many = job.graph_steps
    if form == "eager":
        return Eager(job, device)
    if form == "population":
        return Population(job, device, many, device == "cuda", False)
    forms = {"compile": (1, False, True), "graph": (1, True, False), "graphs": (many, True, False),
             "compile_graphs": (many, True, True), "explicit": (1, False, False),
             "explicit_many": (many, False, False)}  # the last two: what the graphs do, without a graph
    return Explicit(job, device, *forms[form])


if __name__ == "__main__":
    worker.serve(make)
