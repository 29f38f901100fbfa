"""The job in PyTorch on the CPU, eager: nn.Linear, autograd, torch.optim.SGD."""
import time

import numpy as np
import torch

import common


def main(options):
    torch.set_num_threads(options.threads)
    (x, labels), (test_x, test_labels) = (tuple(map(torch.tensor, part)) for part in common.load(options.data))
    layers = []
    weights = common.initial_weights(options)
    for i, (W, b) in enumerate(weights):
        linear = torch.nn.Linear(W.shape[1], W.shape[0])
        linear.weight.data, linear.bias.data = torch.tensor(W), torch.tensor(b)
        last = i == len(weights) - 1
        layers += [linear] + ([] if last and options.softmax else [torch.nn.ReLU() if options.softmax else torch.nn.Sigmoid()])
    net = torch.nn.Sequential(*layers)
    optimiser = torch.optim.SGD(net.parameters(), lr=options.lr)
    y = torch.nn.functional.one_hot(labels.long(), 10).float()
    for epoch in range(options.epochs):
        order = torch.tensor(common.order(len(x), options.seed, epoch))
        start, losses = time.perf_counter(), []
        for first in range(0, len(x), options.batch):
            rows = order[first:first + options.batch]
            optimiser.zero_grad()
            if options.softmax:
                loss = torch.nn.functional.cross_entropy(net(x[rows]), labels[rows].long())
            else:
                loss = 0.5 * ((net(x[rows]) - y[rows]) ** 2).sum() / len(rows)
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        seconds = time.perf_counter() - start
        correct = (net(test_x).argmax(1) == test_labels).sum()
        common.report(f"PyTorch {torch.__version__}", epoch + 1, float(np.sum([float(l) for l in losses])), correct, len(test_x), seconds)
