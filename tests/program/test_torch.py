#!/usr/bin/env python3
"""The optimisers against PyTorch's: 100 steps of the same network from the same weights on the same data, all of it in each step. Skipped where torch
is not installed. Called as program.py says."""
import json
import struct
import unittest

try:
    import torch
except ImportError:
    torch = None

from program import main
from tables import COLUMNS, Tables, blobs

NETWORK = ["--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--device", "cpu", "--scale", "none", "--seed", "3"]
STEPS = 100


def read_safetensors(path):
    """The tensors of a file, in order."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        values = struct.unpack(f"<{(end - begin) // 4}f", content[8 + length + begin:8 + length + end])
        tensors[name] = torch.tensor(values).reshape(tensor["shape"])
    return tensors


@unittest.skipUnless(torch, "torch is not installed")
class Torch(Tables):
    def setUp(self):
        super().setUp()
        self.write("t.csv", blobs(60), COLUMNS)
        rows = [[float(cell) for cell in row[:4]] for row in blobs(60)]
        self.x, self.y = torch.tensor(rows), torch.tensor([i % 3 for i in range(60)])
        self.run_program("train", "--data", "t.csv", *NETWORK, "--epochs", "0", "--save", "first")

    def test_saliency(self):
        """dC/dx of an example is autograd's."""
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
        model.load_state_dict(read_safetensors(self.folder / "first"))
        for example in (1, 17):
            x = self.x[example - 1:example].clone().requires_grad_()
            torch.nn.CrossEntropyLoss()(model(x), self.y[example - 1:example]).backward()
            lines = self.run_program("trace", "first", "--data", "t.csv", "--saliency", "--example", str(example)).stdout.splitlines()
            got = {name: float(slope) for name, _, slope in map(str.split, lines[3:])}
            for name, want in zip(COLUMNS, x.grad[0].tolist()):
                self.assertAlmostEqual(got[name], want, delta=1e-5 * max(1, abs(want)))

    def in_torch(self, make, penalty=None, schedule=None, clip=None, **cost):
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
        model.load_state_dict(read_safetensors(self.folder / "first"))
        optimiser = make([{"params": [model[0].weight, model[2].weight]}, {"params": [model[0].bias, model[2].bias], "weight_decay": 0}])
        rates = schedule(optimiser) if schedule else None
        loss = torch.nn.CrossEntropyLoss(**cost)
        for _ in range(STEPS):
            optimiser.zero_grad()
            value = loss(model(self.x), self.y)
            if penalty:
                value = value + penalty(model)
            value.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimiser.step()
            if rates:
                rates.step()
        return model.state_dict()

    def same(self, make, *options, **more):
        self.run_program("train", "--data", "t.csv", *NETWORK, "--epochs", STEPS, "--batch", "60", *options, "--save", "last")
        ours, theirs = read_safetensors(self.folder / "last"), self.in_torch(make, **more)
        first = read_safetensors(self.folder / "first")
        self.assertEqual(set(ours), set(theirs))
        for name in ours:
            self.assertGreater((ours[name] - first[name]).abs().max(), 1e-3, name)
            self.assertLess((ours[name] - theirs[name]).abs().max(), 1e-4, f"{options} {name}")

    def test_optimisers(self):
        optim = torch.optim
        self.same(lambda p: optim.SGD(p, lr=0.1), "--optimizer", "sgd", "--lr", "0.1")
        self.same(lambda p: optim.SGD(p, lr=0.1, momentum=0.9), "--optimizer", "momentum", "--lr", "0.1")
        self.same(lambda p: optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True), "--optimizer", "nesterov", "--lr", "0.1", "--momentum", "0.8")
        self.same(lambda p: optim.Adagrad(p, lr=0.05), "--optimizer", "adagrad", "--lr", "0.05")
        self.same(lambda p: optim.RMSprop(p, lr=0.002), "--optimizer", "rmsprop", "--lr", "0.002")
        self.same(lambda p: optim.Adam(p, lr=0.01), "--optimizer", "adam", "--lr", "0.01")
        self.same(lambda p: optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-4), "--optimizer", "adam", "--lr", "0.01", "--momentum", "0.8", "--beta2", "0.99",
                  "--epsilon", "1e-4")
        self.same(lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1), "--optimizer", "adamw", "--lr", "0.01", "--weight-decay", "0.1")

    def test_what_is_added(self):
        optim = torch.optim
        self.same(lambda p: optim.SGD(p, lr=0.1, momentum=0.9), "--optimizer", "momentum", "--lr", "0.1", "--l2", "0.02",
                  penalty=lambda m: 0.01 * (m[0].weight ** 2).sum() + 0.01 * (m[2].weight ** 2).sum())
        self.same(lambda p: optim.SGD(p, lr=0.1), "--lr", "0.1", "--label-smoothing", "0.1", label_smoothing=0.1)
        self.same(lambda p: optim.SGD(p, lr=0.5), "--lr", "0.5", "--clip", "0.05", clip=0.05)
        weights = torch.tensor([1.0, 2.0, 0.5])
        mean = float(weights.mean())  # torch divides by the sum of the weights; here by the count
        self.same(lambda p: optim.SGD(p, lr=0.1 * mean), "--lr", "0.1", "--class-weights", "1,2,0.5", weight=weights)

    def test_schedules(self):
        optim, rates = torch.optim, torch.optim.lr_scheduler
        make = lambda p: optim.SGD(p, lr=0.1, momentum=0.9)
        base = ["--optimizer", "momentum", "--lr", "0.1"]
        self.same(make, *base, "--schedule", "cosine", schedule=lambda o: rates.CosineAnnealingLR(o, STEPS))
        self.same(make, *base, "--schedule", "step", "--schedule-period", "30", "--schedule-factor", "0.2",
                  schedule=lambda o: rates.StepLR(o, 30, 0.2))
        self.same(make, *base, "--schedule", "exponential", "--schedule-factor", "0.97", schedule=lambda o: rates.ExponentialLR(o, 0.97))
        self.same(make, *base, "--schedule", "one-cycle", schedule=lambda o: rates.OneCycleLR(o, 0.1, total_steps=STEPS, cycle_momentum=False))


if __name__ == "__main__":
    main()
