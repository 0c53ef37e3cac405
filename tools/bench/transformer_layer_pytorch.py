"""transformer-layer.ts in PyTorch: the same jobs in, the same answers out. Threads: OMP_NUM_THREADS."""
import torch
from torch import nn
from turns import answer


def training(batch, length, dModel, heads):
    torch.manual_seed(1)
    layer = nn.TransformerEncoderLayer(dModel, heads, 4 * dModel, dropout=0.0, batch_first=True)
    optimiser = torch.optim.Adam(layer.parameters())
    x, target = torch.rand(2, batch, length, dModel) * 2 - 1

    def step():
        loss = nn.functional.mse_loss(layer(x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


trainings = {}


def prepare(job):
    steps = job.pop("steps")
    key = tuple(job.values())
    if key not in trainings:
        trainings[key] = training(**job)

    def run():
        for _ in range(steps):
            trainings[key]()

    return run


answer(prepare)
