"""The lecture's slide "Some code" and nn.MultiheadAttention on the same numbers, for lesson 08.

Writes src/data/multi-head-in-pytorch.json, which the lesson shows. The class is the slide's, with the
underscores that the slide lost; what the slide calls but does not show, `clones` and `attention`, is ours.
"""
import copy
import json
from pathlib import Path

import torch
from common import numbers
from torch import nn

torch.manual_seed(8)


def clones(module, count):
    return nn.ModuleList(copy.deepcopy(module) for _ in range(count))


def attention(query, key, value, mask=None, dropout=None):
    """Vaswani et al. (2017), eq. (1)."""
    scores = query @ key.transpose(-2, -1) / query.size(-1) ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    weights = scores.softmax(dim=-1)
    if dropout is not None:
        weights = dropout(weights)
    return weights @ value, weights


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        "Take in model size and number of heads."
        super(MultiHeadedAttention, self).__init__()
        assert d_model % h == 0
        # We assume d_v always equals d_k
        self.d_k = d_model // h
        self.h = h
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.attn = None
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        "Implements Figure 2"
        if mask is not None:
            # Same mask applied to all h heads.
            mask = mask.unsqueeze(1)
        nbatches = query.size(0)
        # 1) Do all the linear projections in batch from d_model => h x d_k
        query, key, value = \
            [l(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
             for l, x in zip(self.linears, (query, key, value))]
        # 2) Apply attention on all the projected vectors in batch.
        x, self.attn = attention(query, key, value, mask=mask,
                                 dropout=self.dropout)
        # 3) "Concat" using a view and apply a final linear.
        x = x.transpose(1, 2).contiguous() \
             .view(nbatches, -1, self.h * self.d_k)
        return self.linears[-1](x)


def main(heads=2, d_model=4, batch=2, length=3):
    x = torch.randn(batch, length, d_model)
    mask = torch.ones(1, length, length).tril()
    slide = MultiHeadedAttention(heads, d_model).eval()
    for linear in slide.linears:
        nn.init.normal_(linear.weight)
        nn.init.normal_(linear.bias)

    library = nn.MultiheadAttention(d_model, heads, batch_first=True).eval()
    q, k, v, o = slide.linears
    library.load_state_dict({
        "in_proj_weight": torch.cat([q.weight, k.weight, v.weight]),
        "in_proj_bias": torch.cat([q.bias, k.bias, v.bias]),
        "out_proj.weight": o.weight, "out_proj.bias": o.bias,
    })
    with torch.no_grad():
        slide_output = slide(x, x, x, mask)
        output, weights = library(x, x, x, attn_mask=mask[0] == 0, average_attn_weights=False)
        # nn.Linear keeps its matrix as [output, input] and multiplies by the transpose.
        parameters = {f"W{name}": linear.weight.T for name, linear in zip("QKVO", slide.linears)}
        parameters |= {f"b{name}": linear.bias for name, linear in zip("QKVO", slide.linears)}
    file = Path(__file__).parents[2] / "src" / "data" / "multi-head-in-pytorch.json"
    file.write_text(json.dumps({
        "torch": torch.__version__, "heads": heads, "x": numbers(x), "mask": numbers(mask),
        "parameters": {name: numbers(value) for name, value in parameters.items()},
        "slide": {"context": numbers(slide_output), "weights": numbers(slide.attn)},
        "library": {"context": numbers(output), "weights": numbers(weights)},
    }) + "\n")
    print("multi-head-in-pytorch")


if __name__ == "__main__":
    main()
