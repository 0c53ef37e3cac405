"""The decoder of Show, Attend and Tell (Xu et al. 2015, Section 3.1.2), one example at a time: nn.LSTMCell, and
eq. (4)-(7) on vectors."""
import torch
from common import case, leaf, write
from torch import nn
from torch.func import functional_call

torch.manual_seed(2048)


def model(annotations, previous, look, words, lstmW, lstmB, initialW, initialB, W, U, v, Lh, Lz, Lo):
    n, depth = len(Lh), words.shape[1] + annotations.shape[2]
    cell = nn.LSTMCell(depth, n)
    parameters = {
        "weight_ih": lstmW[:depth].T, "weight_hh": lstmW[depth:].T,
        "bias_ih": lstmB, "bias_hh": torch.zeros_like(lstmB),
    }
    logits, weights = [], []
    for a, before in zip(annotations, previous.long()):
        h, c = torch.tanh(a.mean(0) @ initialW + initialB).split(n)
        for token in before:
            e = torch.stack([torch.dot(v, torch.tanh(h @ W + location @ U)) for location in a])
            alpha = torch.softmax(e, 0) if look == "soft" else torch.full_like(e, 1 / len(e))
            z = torch.einsum("l,ld->d", alpha, a)
            x = torch.cat([words[token], z])
            h, c = (s[0] for s in functional_call(cell, parameters, (x[None], (h[None], c[None]))))
            logits.append((words[token] + h @ Lh + z @ Lz) @ Lo)
            weights.append(alpha)
    rows = (len(annotations), previous.shape[1], -1)
    return {"logits": torch.stack(logits).reshape(rows), "weights": torch.stack(weights).reshape(rows)}


if __name__ == "__main__":
    cases = []
    for look, batch, locations, steps in [("soft", 1, 1, 1), ("soft", 2, 9, 4), ("soft", 3, 4, 2), ("even", 2, 5, 3)]:
        count, D, m, n, hidden = 7, 4, 3, 5, 6
        inputs = {
            "annotations": leaf(batch, locations, D), "words": leaf(count, m),
            "lstmW": leaf(m + D + n, 4 * n, scale=0.6), "lstmB": leaf(4 * n),
            "initialW": leaf(D, 2 * n), "initialB": leaf(2 * n),
            "W": leaf(n, hidden), "U": leaf(D, hidden), "v": leaf(hidden),
            "Lh": leaf(n, m), "Lz": leaf(D, m), "Lo": leaf(m, count),
        }
        if look == "even":  # without attention, its parameters have no gradient
            scores = {name: inputs.pop(name).detach() for name in ("W", "U", "v")}
        else:
            scores = {}
        previous = torch.randint(count, (batch, steps)).double()
        cases.append(case(inputs, {"previous": previous, **scores}, model, {"look": look}))
    write("captioner", cases)
