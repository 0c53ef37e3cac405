"""Multi-head attention and the Transformer: PyTorch's own modules, with our parameters in them."""
from importlib.metadata import version

import torch
from common import case, leaf, numbers, write
from labml_nn.transformers.positional_encoding import get_positional_encoding
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


def group(p, name):
    """The part of a flat tree below a name: {"attention/WQ": …} → {"WQ": …}."""
    return {path.removeprefix(f"{name}/"): value for path, value in p.items() if path.startswith(f"{name}/")}


def norm_state(p, prefix):
    return {f"{prefix}.weight": p["gain"], f"{prefix}.bias": p["bias"]}


def layer_state(p, prefix=""):
    """Our parameters of a layer as those of nn.TransformerEncoderLayer, or nn.TransformerDecoderLayer."""
    ffn = group(p, "feedForward")
    state = {
        **attention_state(group(p, "attention"), "self_attn."), **norm_state(group(p, "attentionNorm"), "norm1"),
        "linear1.weight": ffn["W1"].T, "linear1.bias": ffn["b1"],
        "linear2.weight": ffn["W2"].T, "linear2.bias": ffn["b2"],
    }
    if "crossAttention/WQ" in p:
        state |= attention_state(group(p, "crossAttention"), "multihead_attn.")
        state |= norm_state(group(p, "crossNorm"), "norm2") | norm_state(group(p, "feedForwardNorm"), "norm3")
    else:
        state |= norm_state(group(p, "feedForwardNorm"), "norm2")
    return {prefix + name: value for name, value in state.items()}


def layer_parameters(d_model, d_hidden, cross=False):
    def norm():
        return {"gain": (1 + torch.randn(d_model) / 4).requires_grad_(), "bias": leaf(d_model, scale=0.5)}

    groups = {
        "attention": multi_head_parameters(d_model), "attentionNorm": norm(),
        "feedForward": {"W1": leaf(d_model, d_hidden), "b1": leaf(d_hidden), "W2": leaf(d_hidden, d_model),
                        "b2": leaf(d_model)},
        "feedForwardNorm": norm(),
    }
    if cross:
        groups |= {"crossAttention": multi_head_parameters(d_model), "crossNorm": norm()}
    return {f"{name}/{key}": value for name, tensors in groups.items() for key, value in tensors.items()}


def parts(p):
    """Parameters to differentiate, and the biases of keys, whose gradient is 0."""
    fixed = {name: value.detach() for name, value in p.items() if name.endswith("bK")}
    return {name: value for name, value in p.items() if name not in fixed}, fixed


def layer_sizes(p):
    return p["attention/WQ"].shape[0], p["feedForward/b1"].shape[0]


def hidden(mask):
    return None if mask is None else mask == 0


def encoder_layer(x, heads, norm, activation, present=None, **p):
    d_model, d_hidden = layer_sizes(p)
    module = nn.TransformerEncoderLayer(
        d_model, heads, d_hidden, 0.0, activation, norm_first=norm == "pre", batch_first=True)
    keywords = {"src_key_padding_mask": hidden(present)}
    return {"output": torch.func.functional_call(module, layer_state(p), (x,), keywords)}


def encoder_layer_cases():
    cases = []
    for norm, activation, heads, shape, present in [
        ("post", "relu", 2, (2, 3, 4), None), ("pre", "relu", 1, (1, 5, 3), None),
        ("post", "gelu", 3, (2, 4, 6), torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 1]])),
        ("pre", "gelu", 2, (1, 1, 4), None),
    ]:
        inputs, fixed = parts(layer_parameters(shape[2], 5))
        constants = fixed if present is None else {**fixed, "present": present}
        options = {"heads": heads, "norm": norm, "activation": activation}
        cases.append(case({"x": leaf(*shape), **inputs}, constants, encoder_layer, options))
    return cases


def decoder_layer(x, memory, heads, norm, activation, present=None, **p):
    d_model, d_hidden = layer_sizes(p)
    module = nn.TransformerDecoderLayer(
        d_model, heads, d_hidden, 0.0, activation, norm_first=norm == "pre", batch_first=True)
    keywords = {"tgt_mask": torch.ones(x.shape[1], x.shape[1]).tril() == 0,
                "memory_key_padding_mask": hidden(present)}
    return {"output": torch.func.functional_call(module, layer_state(p), (x, memory), keywords)}


def decoder_layer_cases():
    cases = []
    for norm, activation, heads, (batch, length, source, d_model), present in [
        ("post", "relu", 2, (2, 3, 5, 4), torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1]])),
        ("pre", "gelu", 1, (1, 5, 2, 3), None),
    ]:
        inputs, fixed = parts(layer_parameters(d_model, 5, cross=True))
        constants = fixed if present is None else {**fixed, "present": present}
        options = {"heads": heads, "norm": norm, "activation": activation}
        both = {"x": leaf(batch, length, d_model), "memory": leaf(batch, source, d_model)}
        cases.append(case({**both, **inputs}, constants, decoder_layer, options))
    return cases


def gelu_cases():
    return [case({"x": leaf(3, 5, scale=2)}, {}, lambda x: {"y": nn.functional.gelu(x)})]


def smoothed(logits, targets, mask, labelSmoothing):
    ids = torch.where(mask > 0, targets, -100 * torch.ones_like(targets)).long()
    return {"loss": nn.functional.cross_entropy(logits, ids, label_smoothing=labelSmoothing, ignore_index=-100)}


def smoothed_cases():
    cases = []
    for tokens, classes, smoothing in [(1, 2, 0.1), (5, 7, 0.1), (4, 3, 0.5), (3, 4, 1.0)]:
        mask = (torch.rand(tokens) > 0.3).double()
        mask[0] = 1
        constants = {"targets": torch.randint(classes, (tokens,)).double(), "mask": mask}
        cases.append(case({"logits": leaf(tokens, classes, scale=2)}, constants, smoothed,
                          {"labelSmoothing": smoothing}))
    return cases


def positions_cases():
    return [{"positions": numbers(get_positional_encoding(d_model, length).squeeze(1))}
            for length, d_model in [(1, 2), (7, 4), (50, 8)]]


def transformer(source, target, heads, norm, activation, **p):
    """nn.Transformer between embeddings and the tied, or separate, output matrix. Ids: 0 padding, 1 start."""
    source, target = source.long(), target.long()
    d_model, d_hidden = layer_sizes(group(p, "encoder/0"))
    layers = 1 + max(int(name.split("/")[1]) for name in p if name.startswith("encoder/"))
    keywords = {"norm_first": norm == "pre", "batch_first": True}
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(d_model, heads, d_hidden, 0.0, activation, **keywords), layers,
        norm=nn.LayerNorm(d_model) if norm == "pre" else None, enable_nested_tensor=False)
    decoder = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(d_model, heads, d_hidden, 0.0, activation, **keywords), layers,
        norm=nn.LayerNorm(d_model) if norm == "pre" else None)
    module = nn.Transformer(d_model, heads, custom_encoder=encoder, custom_decoder=decoder, batch_first=True)
    state = {}
    for stack in ("encoder", "decoder"):
        for i in range(layers):
            state |= layer_state(group(p, f"{stack}/{i}"), f"{stack}.layers.{i}.")
        if norm == "pre":
            state |= norm_state(group(p, f"{stack}Norm"), f"{stack}.norm")

    def embed(side, ids):
        length = ids.shape[1]
        positions = p[f"{side}Positions"][:length] if f"{side}Positions" in p else (
            get_positional_encoding(d_model, length).squeeze(1))
        return nn.functional.embedding(ids, p[f"{side}Embedding"]) * d_model**0.5 + positions

    before = torch.cat([torch.ones_like(target[:, :1]), target[:, :-1]], 1)
    z = torch.func.functional_call(module, state, (embed("source", source), embed("target", before)), {
        "tgt_mask": module.generate_square_subsequent_mask(target.shape[1]) < 0,
        "src_key_padding_mask": source == 0, "memory_key_padding_mask": source == 0})
    logits = z @ p["output"] if "output" in p else nn.functional.linear(z, p["targetEmbedding"])
    return {"logits": logits, "loss": nn.functional.cross_entropy(logits.mT, target, ignore_index=0)}


def transformer_cases():
    cases = []
    source = torch.tensor([[3.0, 4, 3, 5], [4, 5, 0, 0]])
    target = torch.tensor([[4.0, 3, 6, 2], [5, 2, 0, 0]])
    for norm, activation, heads, d_model, d_hidden, layers, tied, learned in [
        ("post", "relu", 2, 6, 5, 2, True, False), ("pre", "gelu", 1, 4, 3, 1, False, True),
    ]:
        p = {"sourceEmbedding": leaf(6, d_model, scale=0.5), "targetEmbedding": leaf(7, d_model, scale=0.5)}
        for stack in ("encoder", "decoder"):
            for i in range(layers):
                layer = layer_parameters(d_model, d_hidden, cross=stack == "decoder")
                p |= {f"{stack}/{i}/{name}": value for name, value in layer.items()}
            if norm == "pre":
                p |= {f"{stack}Norm/gain": leaf(d_model), f"{stack}Norm/bias": leaf(d_model)}
        if not tied:
            p["output"] = leaf(d_model, 7)
        if learned:
            p |= {"sourcePositions": leaf(9, d_model, scale=0.5), "targetPositions": leaf(9, d_model, scale=0.5)}
        inputs, fixed = parts(p)
        options = {"heads": heads, "norm": norm, "activation": activation}
        cases.append(case(inputs, {"source": source, "target": target, **fixed}, transformer, options))
    return cases


if __name__ == "__main__":
    write("transformer", transformer_cases(), labml_nn=version("labml-nn"))
    write("multi-head", multi_head_cases())
    write("encoder-layer", encoder_layer_cases())
    write("decoder-layer", decoder_layer_cases())
    write("gelu", gelu_cases())
    write("label-smoothing", smoothed_cases())
    write("positions", positions_cases(), labml_nn=version("labml-nn"))
