"""Luong's encoder-decoder, whole: nn.LSTM on packed sequences, nn.LSTMCell step by step, and the paper's
attention one example and one source position at a time."""
import torch
from common import case, leaf, write
from torch import nn
from torch.func import functional_call

torch.manual_seed(2015)

EMBEDDING, UNITS, HIDDEN = 3, 4, 4
SOURCE, TARGET = 7, 6


def torch_lstm(depth, W, b):
    """Our [x; h] W + b as the parameters of nn.LSTM and nn.LSTMCell, whose gates have the same order."""
    return {"weight_ih": W[:depth].T, "weight_hh": W[depth:].T, "bias_ih": b, "bias_hh": torch.zeros_like(b)}


def look(h, keys, t, kind, score, D, p):
    """The context of one state h [units] over the keys [S, units] of one example."""
    S = len(keys)
    if kind == "location":
        return torch.softmax((h @ p["location/W"])[:S], 0) @ keys
    query = h @ p["score/W"] if score == "general" else h
    if kind == "global":
        return torch.softmax(keys @ query, 0) @ keys
    if kind == "monotonic":
        place = centre = min(t, S - 1)
    else:
        place = S * torch.sigmoid(torch.tanh(h @ p["position/W"]) @ p["position/v"])
        centre = round(place.item())
    window = [s for s in range(centre - D, centre + D + 1) if 0 <= s < S]
    weights = torch.softmax(torch.stack([keys[s] @ query for s in window]), 0)
    if kind == "predictive":
        weights = weights * torch.stack([torch.exp(-(s - place) ** 2 / (2 * (D / 2) ** 2)) for s in window])
    return sum(w * keys[s] for w, s in zip(weights, window))


def model(source, previous, attention, score, D, inputFeeding, handOver, **p):
    source, previous = source.long(), previous.long()
    logits = []
    for row, before in zip(source, previous):
        row = row[row != 0]
        encoder = nn.LSTM(EMBEDDING, UNITS)
        parameters = torch_lstm(EMBEDDING, p["encoder/W"], p["encoder/b"])
        keys, (h, c) = functional_call(encoder, {f"{k}_l0": v for k, v in parameters.items()}, (p["sourceEmbedding"][row],))
        if not handOver:
            h, c = torch.zeros_like(h), torch.zeros_like(c)
        depth = EMBEDDING + (UNITS if inputFeeding else 0)
        cell, fed = nn.LSTMCell(depth, UNITS), torch.zeros(1, UNITS)
        for t, token in enumerate(before):
            x = p["targetEmbedding"][token][None]
            x = torch.cat([x, fed], 1) if inputFeeding else x
            h, c = functional_call(cell, torch_lstm(depth, p["decoder/W"], p["decoder/b"]), (x, (h, c)))
            context = look(h[0], keys, t, attention, score, D, p)
            fed = torch.tanh(torch.cat([context, h[0]]) @ p["attentional/W"])[None]
            logits.append(fed[0] @ p["output"] + p["outputBias"])
    return {"logProbabilities": torch.log_softmax(torch.stack(logits), -1).reshape(len(source), -1, TARGET)}


def parameters(attention, score, inputFeeding):
    depth = EMBEDDING + (UNITS if inputFeeding else 0)
    shapes = {
        "sourceEmbedding": (SOURCE, EMBEDDING), "targetEmbedding": (TARGET, EMBEDDING),
        "encoder/W": (EMBEDDING + UNITS, 4 * UNITS), "encoder/b": (4 * UNITS,),
        "decoder/W": (depth + UNITS, 4 * UNITS), "decoder/b": (4 * UNITS,),
        "attentional/W": (2 * UNITS, UNITS), "output": (UNITS, TARGET), "outputBias": (TARGET,),
    }
    if attention == "location":
        shapes["location/W"] = (UNITS, 6)
    elif score == "general":
        shapes["score/W"] = (UNITS, UNITS)
    if attention == "predictive":
        shapes |= {"position/W": (UNITS, HIDDEN), "position/v": (HIDDEN,)}
    return {name: leaf(*shape, scale=0.8) for name, shape in shapes.items()}


if __name__ == "__main__":
    cases = []
    for attention, score, fed, over in [
        ("global", "dot", False, True), ("global", "general", True, True), ("location", "general", True, True),
        ("monotonic", "general", False, False), ("monotonic", "general", True, True), ("monotonic", "dot", False, True),
        ("predictive", "general", False, True), ("predictive", "general", True, True), ("predictive", "dot", True, False),
    ]:
        options = {"attention": attention, "score": score, "D": 1, "inputFeeding": fed, "handOver": over}
        tokens = {
            "source": torch.tensor([[3, 4, 5, 6, 4], [5, 3, 6, 0, 0]]).double(),
            "previous": torch.tensor([[1, 4, 5, 3], [1, 3, 3, 5]]).double(),
        }
        cases.append(case(parameters(attention, score, fed), tokens, model, options))
    write("luong-encoder-decoder", cases)
