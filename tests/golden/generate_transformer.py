"""Multi-head attention and the Transformer: PyTorch's own modules, with our parameters in them."""
import torch
from common import case, leaf, write
from torch import nn

torch.manual_seed(20176)


def attention_state(p, prefix=""):
    """Our WQ … as the parameters of nn.MultiheadAttention, whose matrices are [output, input]."""
    same_depth = p["WQ"].shape == p["WK"].shape == p["WV"].shape
    matrices = [p["WQ"].T, p["WK"].T, p["WV"].T]
    state = {"in_proj_weight": torch.cat(matrices)} if same_depth else dict(
        zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), matrices))
    state["out_proj.weight"] = p["WO"].T
    if "bQ" in p:
        state["in_proj_bias"] = torch.cat([p["bQ"], p["bK"], p["bV"]])
        state["out_proj.bias"] = p["bO"]
    return {prefix + name: value for name, value in state.items()}


def multi_head(query, heads, keys=None, values=None, visible=None, present=None, **p):
    """nn.MultiheadAttention. visible: [queries, keys] or [batch · heads, queries, keys]; present: which
    keys are not padding [batch, keys]."""
    keys = query if keys is None else keys
    values = keys if values is None else values
    module = nn.MultiheadAttention(
        p["WO"].shape[0], heads, bias="bQ" in p, kdim=keys.shape[-1], vdim=values.shape[-1], batch_first=True)
    context, weights = torch.func.functional_call(module, attention_state(p), (query, keys, values), {
        "key_padding_mask": None if present is None else present == 0,
        "attn_mask": None if visible is None else visible.reshape(-1, *visible.shape[-2:]).squeeze(0) == 0,
        "average_attn_weights": False,
    })
    return {"context": context, "weights": weights}


def multi_head_parameters(d_model, key_depth=None, value_depth=None, bias=True):
    shapes = {"WQ": (d_model, d_model), "WK": (key_depth or d_model, d_model),
              "WV": (value_depth or key_depth or d_model, d_model), "WO": (d_model, d_model)}
    if bias:
        shapes |= {name: (d_model,) for name in ("bQ", "bK", "bV", "bO")}
    return {name: leaf(*shape, scale=0.5) for name, shape in shapes.items()}


def multi_head_case(heads, inputs, p, **masks):
    constants = dict(masks)
    if "bK" in p:  # adds the same to all logits of a row: its gradient is 0, and rounding errors cannot be compared
        constants["bK"] = p.pop("bK").detach()
    return case({**inputs, **p}, constants, multi_head, {"heads": heads})


def multi_head_cases():
    p = multi_head_parameters
    present = torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    each = (torch.rand(2, 2, 3, 3) > 0.5).double()
    each[..., 0] = 1
    return [
        # Self-attention: bare, causal, with padding, with both, with a mask for each head.
        multi_head_case(1, {"query": leaf(1, 4, 2)}, p(2, bias=False)),
        multi_head_case(3, {"query": leaf(2, 5, 6)}, p(6)),
        multi_head_case(2, {"query": leaf(1, 7, 4)}, p(4), visible=torch.ones(7, 7).tril()),
        multi_head_case(4, {"query": leaf(2, 5, 4)}, p(4), present=present),
        multi_head_case(2, {"query": leaf(2, 5, 4)}, p(4), present=present, visible=torch.ones(5, 5).tril()),
        multi_head_case(2, {"query": leaf(2, 3, 4)}, p(4), visible=each),
        # Cross-attention: keys of another length; of another depth, with values of a third.
        multi_head_case(2, {"query": leaf(2, 3, 6), "keys": leaf(2, 5, 6)}, p(6), present=present),
        multi_head_case(2, {"query": leaf(1, 3, 4), "keys": leaf(1, 7, 5), "values": leaf(1, 7, 3)}, p(4, 5, 3)),
    ]


if __name__ == "__main__":
    write("multi-head", multi_head_cases())
