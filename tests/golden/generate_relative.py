"""Relative positions (Shaw), Transformer-XL, adaptive span, all-attention, single-headed attention, Linformer,
Synthesizers: by Hugging Face transformers, x-transformers and linformer where they have the mechanism."""
import math
from importlib.metadata import version

import torch
import transformers
from common import case, leaf, write
from linformer.linformer import LinformerSelfAttention
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F
from transformers.models.seamless_m4t_v2 import modeling_seamless_m4t_v2 as seamless
from transformers.models.vits import modeling_vits as vits
from transformers.models.xlnet import modeling_xlnet as xlnet
from x_transformers.x_transformers import Attention as XAttention

torch.manual_seed(2018)


class Given(nn.Module):
    """Stands in for a projection: returns what it was given, heads side by side."""

    def __init__(self, x):
        super().__init__()
        self.x = x.transpose(1, 2).flatten(2)

    def forward(self, _):
        return self.x


def heads_of(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def softmax(logits, mask):
    if mask is not None:
        logits = logits.masked_fill(mask == 0, float("-inf"))
    return torch.nan_to_num(torch.softmax(logits, -1), nan=0.0)


def random_mask(*shape):
    mask = (torch.rand(*shape) > 0.4).double()
    mask[..., 0] = 1
    return mask


# Shaw, Uszkoreit, Vaswani (2018)


def by_vits(query, keys, values, wK, wV, mask=None):
    """transformers' VitsAttention: embeddings on keys and values; it knows no clipping, so k ≥ length − 1."""
    batch, heads, length, d = query.shape
    config = transformers.VitsConfig(
        hidden_size=heads * d, num_attention_heads=heads, window_size=(wK.shape[0] - 1) // 2, attention_dropout=0.0)
    module = vits.VitsAttention(config)
    module.q_proj, module.k_proj, module.v_proj = Given(query), Given(keys), Given(values)
    module.out_proj = nn.Identity()
    additive = None if mask is None else torch.where(mask == 0, -1e30, 0.0).expand(batch, 1, length, length)
    hidden = torch.zeros(batch, length, heads * d)
    given = {"emb_rel_k": wK[None], "emb_rel_v": wV[None]}
    context, weights = functional_call(module, given, (hidden,), {"attention_mask": additive, "output_attentions": True})
    return {"context": heads_of(context, heads), "weights": weights}


def by_seamless(query, keys, values, wK):
    """transformers' SeamlessM4Tv2ConformerSelfAttention: embeddings on the keys alone, with clipping."""
    batch, heads, length, d = query.shape
    k = (wK.shape[0] - 1) // 2
    config = transformers.SeamlessM4Tv2Config(
        hidden_size=heads * d, speech_encoder_attention_heads=heads, position_embeddings_type="relative_key",
        left_max_position_embeddings=k, right_max_position_embeddings=k, speech_encoder_dropout=0.0)
    config._attn_implementation = "eager"
    module = seamless.SeamlessM4Tv2ConformerSelfAttention(config)
    module.linear_q, module.linear_k, module.linear_v = Given(query), Given(keys), Given(values)
    module.linear_out = nn.Identity()
    hidden = torch.zeros(batch, length, heads * d)
    context, weights = functional_call(module, {"distance_embedding.weight": wK}, (hidden,))
    return {"context": heads_of(context, heads), "weights": weights}


def by_full_tensor(query, keys, values, wK, wV, mask=None):
    """Eq. (3)–(4) with a^K and a^V as tensors queries × keys × depth."""
    k, (n, m) = (wK.shape[0] - 1) // 2, (query.shape[-2], keys.shape[-2])
    aK, aV = torch.zeros(n, m, wK.shape[1]), torch.zeros(n, m, wV.shape[1])
    for i in range(n):
        for j in range(m):
            distance = max(-k, min(k, j - (m - n + i)))
            aK[i, j], aV[i, j] = wK[distance + k], wV[distance + k]
    e = (query.unsqueeze(-2) * (keys.unsqueeze(-3) + aK)).sum(-1) / math.sqrt(query.shape[-1])
    alpha = softmax(e, mask)
    return {"context": (alpha.unsqueeze(-1) * (values.unsqueeze(-3) + aV)).sum(-2), "weights": alpha}


def relative_position_cases():
    def inputs(lead, n, m, d, dv, k, value_embeddings=True):
        fresh = {"query": leaf(*lead, n, d), "keys": leaf(*lead, m, d), "values": leaf(*lead, m, dv),
                 "wK": leaf(2 * k + 1, d)}
        return {**fresh, "wV": leaf(2 * k + 1, dv)} if value_embeddings else fresh

    causal = torch.ones(5, 7).tril(2)
    return [
        case(inputs((2, 3), 5, 5, 4, 4, 4), {}, by_vits),
        case(inputs((1, 2), 3, 3, 2, 2, 5), {"mask": random_mask(1, 1, 3, 3)}, by_vits),
        case(inputs((1, 1), 1, 1, 2, 2, 1), {}, by_vits),
        case(inputs((2, 2), 7, 7, 3, 3, 2, False), {}, by_seamless),
        case(inputs((1, 2), 5, 5, 4, 4, 1, False), {}, by_seamless),
        case(inputs((2, 2), 6, 6, 4, 3, 2), {"mask": random_mask(2, 1, 1, 6)}, by_full_tensor),
        case(inputs((2,), 5, 7, 3, 2, 2), {"mask": causal}, by_full_tensor),
        case(inputs((1,), 7, 4, 2, 3, 1), {}, by_full_tensor),
        case(inputs((1, 2), 1, 5, 2, 2, 3), {}, by_full_tensor),
    ]


# Dai et al. (2019)


def by_xlnet(x, WQ, WKE, WKR, WV, WO, u, v, memory=None, mask=None):
    """transformers' XLNetRelativeAttention, one stream, which is Transformer-XL's attention. It adds x and
    normalises afterwards: the latter is switched off, the former subtracted."""
    heads, d = u.shape
    d_model, queries, keys = x.shape[2], x.shape[1], x.shape[1] + (0 if memory is None else memory.shape[1])
    module = xlnet.XLNetRelativeAttention(
        transformers.XLNetConfig(d_model=heads * d, n_head=heads, d_head=d, dropout=0.0))
    module.layer_norm = nn.Identity()
    split = lambda W: W.unflatten(1, (heads, d))
    given = {"q": split(WQ), "k": split(WKE), "v": split(WV), "r": split(WKR), "r_w_bias": u, "r_r_bias": v,
             "o": WO.unflatten(0, (heads, d)).permute(2, 0, 1)}
    frequencies = 1 / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    r = xlnet.XLNetModel.positional_embedding(torch.arange(keys, -1, -1).double(), frequencies, x.shape[0])
    hidden = 1 - torch.ones(queries, keys).tril(keys - queries)[:, :, None, None]
    if mask is not None:
        hidden = torch.maximum(hidden, 1 - mask[:, 0].permute(1, 2, 0)[..., None])
    output, _, weights = functional_call(
        module, given, (x.transpose(0, 1), None, hidden, None, r, None),
        {"mems": None if memory is None else memory.transpose(0, 1), "output_attentions": True})
    return {"context": output.transpose(0, 1) - x, "weights": weights.permute(2, 3, 0, 1)}


def terms_by_loop(query, keys, WKR, u, v):
    """The terms (a)–(d) of A^rel, pair by pair."""
    (batch, heads, queries, d), positions, d_model = query.shape, keys.shape[2], WKR.shape[0]
    terms = {name: torch.zeros(batch, heads, queries, positions)
             for name in ("content", "distance", "contentBias", "distanceBias")}
    for i in range(queries):
        for j in range(positions - queries + i + 1):
            delta = positions - queries + i - j
            angles = [delta / 10000 ** (2 * m / d_model) for m in range(d_model // 2)]
            R = torch.tensor([math.sin(a) for a in angles] + [math.cos(a) for a in angles])
            for h in range(heads):
                r = R @ WKR[:, h * d : (h + 1) * d]
                terms["content"][:, h, i, j] = (query[:, h, i] * keys[:, h, j]).sum(-1)
                terms["distance"][:, h, i, j] = query[:, h, i] @ r
                terms["contentBias"][:, h, i, j] = keys[:, h, j] @ u[h]
                terms["distanceBias"][:, h, i, j] = v[h] @ r
    return terms


def transformer_xl_cases():
    cases = []
    for batch, queries, remembered, d_model, heads, d in [(1, 1, 0, 2, 1, 3), (2, 5, 0, 4, 2, 2), (2, 3, 4, 6, 3, 2),
                                                          (1, 4, 7, 4, 1, 4)]:
        inputs = {"x": leaf(batch, queries, d_model), "u": leaf(heads, d), "v": leaf(heads, d)}
        inputs |= {name: leaf(d_model, heads * d, scale=0.5) for name in ("WQ", "WKE", "WKR", "WV")}
        inputs["WO"] = leaf(heads * d, d_model)
        constants = {"memory": torch.randn(batch, remembered, d_model)} if remembered else {}
        cases.append(case(inputs, constants, by_xlnet))
        if batch > 1:
            fresh = {name: value.detach().clone().requires_grad_() for name, value in inputs.items()}
            mask = random_mask(batch, 1, queries, remembered + queries)
            cases.append(case(fresh, {**constants, "mask": mask}, by_xlnet))
    return cases


def transformer_xl_terms_cases():
    return [
        case({"query": leaf(2, 2, 3, 2), "keys": leaf(2, 2, 5, 2), "WKR": leaf(4, 4), "u": leaf(2, 2),
              "v": leaf(2, 2)}, {}, terms_by_loop),
        case({"query": leaf(1, 1, 4, 3), "keys": leaf(1, 1, 4, 3), "WKR": leaf(6, 3), "u": leaf(1, 3),
              "v": leaf(1, 3)}, {}, terms_by_loop),
    ]


# Sukhbaatar et al. (2019), adaptive span


def adaptive_span(query, keys, values, z, ramp, positions=None, mask=None):
    """The formula over the full causal matrix, head by head."""
    batch, heads, length, d = query.shape
    contexts, weights = [], []
    distance = torch.arange(length)[:, None] - torch.arange(length)[None]
    for h in range(heads):
        s = query[:, h] @ keys[:, h].mT
        if positions is not None:
            within = distance.clamp(0, positions.shape[0] - 1)
            s = s + (query[:, h, :, None] * positions[within]).sum(-1)
        m = torch.clamp((ramp + z[h] - distance) / ramp, 0, 1) * (distance >= 0)
        if positions is not None:
            m = m * (distance < positions.shape[0])
        if mask is not None:
            m = m * mask[:, 0]
        exp = m * torch.exp(s / math.sqrt(d))
        alpha = exp / exp.sum(-1, keepdim=True)
        weights.append(alpha)
        contexts.append(alpha @ values[:, h])
    return {"context": torch.stack(contexts, 1), "weights": torch.stack(weights, 1)}


def adaptive_span_cases():
    def inputs(batch, heads, length, d, dv, spans):
        return {"query": leaf(batch, heads, length, d), "keys": leaf(batch, heads, length, d),
                "values": leaf(batch, heads, length, dv), "z": torch.tensor(spans).requires_grad_()}

    mask = torch.ones(2, 1, 1, 9)
    mask[1, ..., 1:3] = 0
    return [
        case(inputs(1, 1, 1, 2, 2, [0.3]), {}, adaptive_span, {"ramp": 2}),
        case(inputs(2, 2, 11, 3, 2, [0.3, 2.7]), {}, adaptive_span, {"ramp": 2}),
        case(inputs(1, 2, 13, 2, 3, [4.6, 0.1]), {}, adaptive_span, {"ramp": 1.5}),
        case({**inputs(1, 2, 12, 3, 3, [1.2, 3.4]), "positions": leaf(12, 3)}, {}, adaptive_span, {"ramp": 3}),
        case({**inputs(1, 1, 10, 2, 2, [20.5]), "positions": leaf(5, 2)}, {}, adaptive_span, {"ramp": 4}),
        case(inputs(2, 1, 9, 2, 2, [2.5]), {"mask": mask}, adaptive_span, {"ramp": 2}),
    ]


# Sukhbaatar et al. (2019), persistent memory


def by_x_transformers(query, keys, values, persistentKeys, persistentValues, causal=False):
    """x-transformers' Attention(num_mem_kv=N), which puts the persistent vectors in front."""
    _, heads, _, d = query.shape
    N = persistentKeys.shape[1]
    module = XAttention(heads * d, dim_head=d, heads=heads, num_mem_kv=N, causal=causal)
    module.to_q, module.to_k, module.to_v, module.to_out = Given(query), Given(keys), Given(values), nn.Identity()
    x = torch.zeros(query.shape[0], query.shape[2], heads * d)
    given = {"mem_k": persistentKeys, "mem_v": persistentValues}
    context, details = functional_call(module, given, (x,), {"return_intermediates": True})
    weights = details.post_softmax_attn
    return {"context": heads_of(context, heads), "weights": torch.cat([weights[..., N:], weights[..., :N]], -1)}


def one_softmax(query, keys, values, persistentKeys, persistentValues, mask=None):
    """Without heads, by exponentials over both kinds of keys."""
    scale = math.sqrt(query.shape[-1])
    exp = torch.exp(query @ keys.mT / scale) * (1 if mask is None else mask)
    persistent = torch.exp(query @ persistentKeys.T / scale)
    total = exp.sum(-1, keepdim=True) + persistent.sum(-1, keepdim=True)
    return {"context": (exp @ values + persistent @ persistentValues) / total,
            "weights": torch.cat([exp, persistent], -1) / total}


def all_attention_cases():
    def inputs(lead, heads, n, m, d, dv, N):
        return {"query": leaf(*lead, n, d), "keys": leaf(*lead, m, d), "values": leaf(*lead, m, dv),
                "persistentKeys": leaf(*heads, N, d), "persistentValues": leaf(*heads, N, dv)}

    return [
        case(inputs((1, 1), (1,), 1, 1, 2, 2, 1), {}, by_x_transformers),
        case(inputs((2, 2), (2,), 5, 5, 3, 3, 4), {}, by_x_transformers),
        case(inputs((1, 3), (3,), 7, 7, 2, 2, 3), {}, by_x_transformers, {"causal": True}),
        case(inputs((2,), (), 3, 5, 4, 2, 3), {"mask": random_mask(2, 3, 5)}, one_softmax),
    ]


# Merity (2019)


def single_headed(query, keys, values, WQ, bQ, gain, bias, qs, ks, vs, W, b, mask=None):
    depth = query.shape[-1]
    normalised = F.layer_norm(F.linear(query, WQ.T, bQ), (depth,), gain, bias, 1e-12)
    layer = F.linear(torch.sigmoid(vs), W.T, b)
    gate = torch.tanh(layer[:depth]) * torch.sigmoid(layer[depth:])
    arguments = normalised * torch.sigmoid(qs), keys * torch.sigmoid(ks), values * gate
    visible = None if mask is None else mask != 0
    identity = torch.eye(keys.shape[1]).expand(keys.shape[0], -1, -1)
    return {"context": F.scaled_dot_product_attention(*arguments, attn_mask=visible),
            "weights": F.scaled_dot_product_attention(*arguments[:2], identity, attn_mask=visible)}


def single_headed_cases():
    cases = []
    for batch, queries, keys, depth in [(1, 1, 1, 2), (2, 3, 5, 4), (1, 5, 5, 3)]:
        inputs = {"query": leaf(batch, queries, depth), "keys": leaf(batch, keys, depth),
                  "values": leaf(batch, keys, depth), "WQ": leaf(depth, depth), "W": leaf(depth, 2 * depth),
                  "b": leaf(2 * depth)}
        inputs |= {name: leaf(depth) for name in ("bQ", "gain", "bias", "qs", "ks", "vs")}
        constants = {"mask": torch.ones(queries, keys).tril(keys - queries)} if keys > 1 else {}
        cases.append(case(inputs, constants, single_headed))
    return cases


# Wang et al. (2020)


def by_linformer(query, keys, E, values=None, F=None):
    """linformer's LinformerSelfAttention: one projection for all heads; share_kv takes the keys as values."""
    _, heads, _, d = query.shape
    length, k = E.shape
    module = LinformerSelfAttention(heads * d, length, k=k, heads=heads, share_kv=values is None)
    module.to_q, module.to_k, module.to_out = Given(query), Given(keys), nn.Identity()
    given = {"proj_k": E}
    if values is not None:
        module.to_v, given["proj_v"] = Given(values), F
    weights = []
    module.dropout.register_forward_hook(lambda _, __, output: weights.append(output))
    x = torch.zeros(query.shape[0], query.shape[2], heads * d)
    context = torch.zeros(keys.shape[0], keys.shape[2], heads * d)
    result = functional_call(module, given, (x,), {"context": context})
    return {"context": heads_of(result, heads), "weights": weights[0]}


def linformer_by_loop(query, keys, values, E, F, mask=None):
    """Eq. (7) head by head, with projections per head; padding is left out of the mixtures."""
    contexts, weights = [], []
    for h in range(query.shape[1]):
        shown = 1 if mask is None else mask[:, 0, 0, :, None]
        n = keys.shape[2]
        mixedKeys = torch.einsum("nk,bnd->bkd", E[h, :n], keys[:, h] * shown)
        mixedValues = torch.einsum("nk,bnd->bkd", F[h, :n], values[:, h] * shown)
        alpha = torch.softmax(query[:, h] @ mixedKeys.mT / math.sqrt(query.shape[-1]), -1)
        weights.append(alpha)
        contexts.append(alpha @ mixedValues)
    return {"context": torch.stack(contexts, 1), "weights": torch.stack(weights, 1)}


def linformer_cases():
    def inputs(batch, heads, n, m, d):
        return {"query": leaf(batch, heads, n, d), "keys": leaf(batch, heads, m, d),
                "values": leaf(batch, heads, m, d)}

    shared = inputs(2, 2, 5, 5, 3)
    del shared["values"]
    mask = torch.ones(2, 1, 1, 6)
    mask[0, ..., 4:] = 0
    return [
        case({**inputs(1, 1, 1, 1, 2), "E": leaf(1, 1), "F": leaf(1, 1)}, {}, by_linformer),
        case({**inputs(2, 2, 7, 7, 3), "E": leaf(7, 3), "F": leaf(7, 3)}, {}, by_linformer),
        case({**inputs(1, 2, 4, 5, 2), "E": leaf(8, 3), "F": leaf(8, 3)}, {}, by_linformer),
        case({**shared, "E": leaf(5, 2)}, {}, by_linformer),
        case({**inputs(2, 2, 3, 6, 2), "E": leaf(2, 7, 4), "F": leaf(2, 7, 4)}, {"mask": mask}, linformer_by_loop),
    ]


# Tay et al. (2020)


def each_head(values, logits_of, mask):
    """softmax of each head's logits [queries, length], cut to the number of keys, times its values."""
    keys, squeeze = values.shape[-2], values.dim() == 3
    grid = values.unsqueeze(1) if squeeze else values
    weights = torch.stack([torch.stack([logits_of(b, None if squeeze else h)[:, :keys] for h in range(grid.shape[1])])
                           for b in range(grid.shape[0])])
    weights = weights.squeeze(1) if squeeze else weights
    weights = softmax(weights, mask)
    return {"context": weights @ values, "weights": weights}


def head(tensor, h):
    return tensor if h is None else tensor[h]


def dense_synthesizer(x, values, W1, b1, W2, b2, mask=None):
    def logits(b, h):
        hidden = F.relu(F.linear(head(x[b], h), head(W1, h).T, head(b1, h)))
        return F.linear(hidden, head(W2, h).T, head(b2, h))
    return each_head(values, logits, mask)


def random_synthesizer(values, R, mask=None):
    n = values.shape[-2]
    return each_head(values, lambda b, h: head(R, h)[:n], mask)


def factorized_dense_synthesizer(x, values, WA, bA, WB, bB, mask=None):
    def logits(b, h):
        A = F.linear(head(x[b], h), head(WA, h).T, head(bA, h))
        B = F.linear(head(x[b], h), head(WB, h).T, head(bB, h))
        return A.repeat_interleave(B.shape[-1], -1) * B.repeat(1, A.shape[-1])
    return each_head(values, logits, mask)


def factorized_random_synthesizer(values, R1, R2, mask=None):
    n = values.shape[-2]
    return each_head(values, lambda b, h: torch.einsum("ik,jk->ij", head(R1, h), head(R2, h))[:n], mask)


def synthesizer_cases():
    families = {"dense": [], "random": [], "factorizedDense": [], "factorizedRandom": []}
    for lead, heads, n, length, depth, mask in [
        ((1,), (), 1, 1, 2, None), ((2,), (), 5, 6, 3, torch.ones(5, 5).tril()),
        ((2, 2), (2,), 3, 4, 2, random_mask(2, 1, 1, 3)), ((1, 3), (3,), 4, 4, 3, None),
    ]:
        constants = {} if mask is None else {"mask": mask}
        x, values = lambda: leaf(*lead, n, depth), lambda: leaf(*lead, n, 2)
        a = 2 if length % 2 == 0 else 1
        families["dense"].append(case(
            {"x": x(), "values": values(), "W1": leaf(*heads, depth, 3), "b1": leaf(*heads, 3),
             "W2": leaf(*heads, 3, length), "b2": leaf(*heads, length)}, constants, dense_synthesizer))
        families["random"].append(case(
            {"values": values(), "R": leaf(*heads, length, length)}, constants, random_synthesizer))
        families["factorizedDense"].append(case(
            {"x": x(), "values": values(), "WA": leaf(*heads, depth, a), "bA": leaf(*heads, a),
             "WB": leaf(*heads, depth, length // a), "bB": leaf(*heads, length // a)}, constants,
            factorized_dense_synthesizer))
        families["factorizedRandom"].append(case(
            {"values": values(), "R1": leaf(*heads, length, 2), "R2": leaf(*heads, length, 2)}, constants,
            factorized_random_synthesizer))
    return [{**c, "options": {"kind": kind}} for kind, cases in families.items() for c in cases]


if __name__ == "__main__":
    write("relative-position", relative_position_cases(), transformers=transformers.__version__)
    write("transformer-xl", transformer_xl_cases(), transformers=transformers.__version__)
    write("transformer-xl-terms", transformer_xl_terms_cases())
    write("adaptive-span", adaptive_span_cases())
    write("all-attention", all_attention_cases(), x_transformers=version("x-transformers"))
    write("single-headed", single_headed_cases())
    write("linformer", linformer_cases(), linformer=version("linformer"))
    write("synthesizer", synthesizer_cases())
