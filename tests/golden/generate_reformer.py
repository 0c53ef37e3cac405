"""LSH attention by two libraries, with the same random rotations on both sides: reformer-pytorch's
LSHAttention and HF transformers' LSHSelfAttention. Axial positions and the whole Reformer by HF
transformers."""
from unittest import mock

import torch
import transformers
from common import case, leaf, numbers, write
from reformer_pytorch import LSHAttention
from transformers import ReformerConfig
from transformers import ReformerModelWithLMHead
from transformers.models.reformer.modeling_reformer import AxialPositionEmbeddings, LSHSelfAttention

torch.manual_seed(20204)
REFORMER_PYTORCH = "1.4.4"


def with_rotations(rotations, run):
    """Both libraries draw [heads or 1, depth, rounds, buckets / 2]; ours stand as [..., rounds, depth, buckets / 2]."""
    drawn = rotations if rotations.dim() == 4 else rotations.unsqueeze(0)
    with mock.patch("torch.randn", return_value=drawn.transpose(1, 2)):
        return run()


def reformer_pytorch(queryKey, values, rotations, causal, acrossBuckets, countOnce, chunkLength):
    attention = LSHAttention(
        bucket_size=chunkLength, n_hashes=rotations.shape[0], causal=causal, return_attn=True,
        attend_across_buckets=acrossBuckets, allow_duplicate_attention=not countOnce,
    )
    context, weights, _ = with_rotations(rotations, lambda: attention(queryKey, values))
    reformer_pytorch.weights = weights.detach()
    return {"context": context}


def reformer_pytorch_cases():
    cases = []
    for batch, length, depth, rounds, causal, across, once in [
        (1, 16, 4, 1, True, False, False), (2, 16, 5, 3, False, False, False),
        (2, 16, 4, 2, True, True, False), (1, 24, 4, 3, False, True, False),
        (2, 16, 4, 3, True, False, True), (1, 24, 3, 4, False, False, True),
    ]:
        chunk = 4
        inputs = {"queryKey": leaf(batch, length, depth), "values": leaf(batch, length, depth)}
        rotations = torch.randn(rounds, depth, length // chunk // 2)
        options = {"causal": causal, "acrossBuckets": across, "countOnce": once, "chunkLength": chunk}
        cases.append(case(inputs, {"rotations": rotations}, reformer_pytorch, options))
        cases[-1]["weights"] = numbers(reformer_pytorch.weights)
    return cases


def transformers_lsh(queryKey, values, rotations, causal, chunkLength, buckets, padTo, mask=None):
    """[queryKey, values] stand side by side as the hidden state; its projections pick one of them."""
    batch, heads, length, depth = queryKey.shape
    width = heads * depth
    config = ReformerConfig(
        hidden_size=2 * width, num_attention_heads=heads, attention_head_size=depth, attn_layers=["lsh"],
        lsh_attn_chunk_length=chunkLength, num_buckets=buckets, num_hashes=rotations.shape[-3],
        is_decoder=causal, lsh_attention_probs_dropout_prob=0.0,
    )
    attention = LSHSelfAttention(config).double()
    attention.query_key.weight.data = torch.eye(2 * width)[:width]
    attention.value.weight.data = torch.eye(2 * width)[width:]
    merged = [x.transpose(1, 2).reshape(batch, length, width) for x in (queryKey, values)]
    hidden = torch.nn.functional.pad(torch.cat(merged, -1), (0, 0, 0, padTo - length))
    shown = torch.ones(batch, length) if mask is None else mask.reshape(batch, length)
    padded = torch.nn.functional.pad(shown, (0, padTo - length))
    result = with_rotations(rotations, lambda: attention(hidden, attention_mask=padded)).hidden_states
    context = result[:, :length].reshape(batch, length, heads, depth).transpose(1, 2)
    return {"context": context * shown[:, None, :, None]}  # what padding attends to differs, and is nobody's business


def transformers_cases():
    cases = []
    for batch, heads, length, depth, rounds, buckets, causal, lengths in [
        (1, 1, 13, 4, 1, 4, True, None), (2, 2, 16, 4, 2, 4, False, None),
        (1, 2, 19, 3, 2, [2, 4], True, None), (2, 2, 18, 4, 2, 4, True, [18, 11]), (2, 1, 15, 4, 3, 4, False, [6, 15]),
    ]:
        chunk = 4
        columns = sum(buckets) // 2 if isinstance(buckets, list) else buckets // 2
        inputs = {name: leaf(batch, heads, length, depth) for name in ("queryKey", "values")}
        constants = {"rotations": torch.randn(heads, rounds, depth, columns)}
        if lengths:
            mask = torch.arange(length).expand(batch, length) < torch.tensor(lengths).unsqueeze(1)
            constants["mask"] = mask.double().reshape(batch, 1, 1, length)
        options = {"causal": causal, "chunkLength": chunk, "buckets": buckets, "padTo": -(-length // chunk) * chunk}
        cases.append(case(inputs, constants, transformers_lsh, options))
    return cases


def axial_positions(rows, columns, length):
    (n1, d1), (n2, d2) = rows.shape, columns.shape
    config = ReformerConfig(hidden_size=d1 + d2, axial_pos_shape=(n1, n2), axial_pos_embds_dim=(d1, d2))
    module = AxialPositionEmbeddings(config).eval()
    tables = {"weights.0": rows.reshape(n1, 1, d1), "weights.1": columns.reshape(1, n2, d2)}
    ids = torch.arange(length).unsqueeze(0)
    return {"positions": torch.func.functional_call(module, tables, (ids,))[0]}


def axial_cases():
    sizes = [(4, 3, 2, 5, 12), (4, 3, 2, 5, 7), (5, 1, 3, 1, 5), (2, 7, 1, 4, 1)]
    return [
        case({"rows": leaf(n1, d1), "columns": leaf(n2, d2)}, {}, axial_positions, {"length": length})
        for n1, n2, d1, d2, length in sizes
    ]


def mapped(model):
    """Our name for each parameter, and whether ours is transposed."""
    names = {"embedding": ("reformer.embeddings.word_embeddings.weight", False)}
    for axis in range(2):
        names[f"positions/{axis}"] = (f"reformer.embeddings.position_embeddings.weights.{axis}", False)
    for i in range(len(model.reformer.encoder.layers)):
        theirs, ours = f"reformer.encoder.layers.{i}", f"blocks/{i}"
        for mine, part in [("attention", "attention"), ("feedForward", "feed_forward")]:
            names[f"{ours}/{mine}/norm/gain"] = (f"{theirs}.{part}.layer_norm.weight", False)
            names[f"{ours}/{mine}/norm/bias"] = (f"{theirs}.{part}.layer_norm.bias", False)
        for mine, name in [("WQK", "self_attention.query_key"), ("WV", "self_attention.value"), ("WO", "output.dense")]:
            names[f"{ours}/attention/{mine}"] = (f"{theirs}.attention.{name}.weight", True)
        for n, name in [(1, "dense.dense"), (2, "output.dense")]:
            names[f"{ours}/feedForward/W{n}"] = (f"{theirs}.feed_forward.{name}.weight", True)
            names[f"{ours}/feedForward/b{n}"] = (f"{theirs}.feed_forward.{name}.bias", False)
    names["norm/gain"] = ("reformer.encoder.layer_norm.weight", False)
    names["norm/bias"] = ("reformer.encoder.layer_norm.bias", False)
    names["output/W"], names["output/b"] = ("lm_head.decoder.weight", True), ("lm_head.decoder.bias", False)
    return names


def ours(name, tensor, transposed):
    if name.startswith("positions/"):
        return tensor.reshape(-1, tensor.shape[-1])
    return tensor.T if transposed else tensor


def model_case(length, rounds, buckets, mask_lengths=None):
    """In training mode (dropout 0), as only that differentiates the reversible stack, where the length is a
    multiple of the chunk; else in evaluation mode, without gradients."""
    training = length == 16 and mask_lengths is None
    batch, heads, depth, chunk = 2, 2, 3, 4
    config = ReformerConfig(
        vocab_size=7, hidden_size=6, num_attention_heads=heads, attention_head_size=depth, attn_layers=["lsh", "lsh"],
        axial_pos_shape=(4, 4), axial_pos_embds_dim=(2, 4), feed_forward_size=9, lsh_attn_chunk_length=chunk,
        num_buckets=buckets, num_hashes=rounds, is_decoder=True, layer_norm_eps=1e-5, chunk_size_feed_forward=0,
        hidden_dropout_prob=0.0, lsh_attention_probs_dropout_prob=0.0, use_cache=False, max_position_embeddings=16,
    )
    model = ReformerModelWithLMHead(config).double().train(training)
    for parameter in model.parameters():
        parameter.data = torch.randn_like(parameter) * 0.5
    model.lm_head.bias.data.zero_()
    ids = torch.randint(1, 7, (batch, length))
    mask = None if mask_lengths is None else (torch.arange(length) < torch.tensor(mask_lengths).unsqueeze(1)).double()
    rotations = [torch.randn(heads, rounds, depth, buckets // 2) for _ in range(2)]
    cotangent = torch.randn(batch, length, 7)
    if mask is not None:
        cotangent *= mask.unsqueeze(-1)
    drawn = [r.transpose(1, 2) for r in rotations]
    with mock.patch("torch.randn", side_effect=drawn), mock.patch("torch.seed", return_value=1):
        logits = model(ids, attention_mask=mask).logits
        if training:
            (logits * cotangent).sum().backward()
    names = mapped(model)
    theirs = dict(model.named_parameters())
    given = {name: ours(name, theirs[key], transposed) for name, (key, transposed) in names.items()}
    constants = {"ids": ids, "rotations0": rotations[0], "rotations1": rotations[1]}
    if mask is not None:
        constants["mask"] = mask
        logits = logits * mask.unsqueeze(-1)
    return {
        "inputs": {name: numbers(tensor) for name, tensor in {**given, **constants}.items()},
        "outputs": {"logits": numbers(logits)},
        "cotangents": {"logits": numbers(cotangent)},
        "options": {"heads": heads, "chunkLength": chunk},
        "gradients": {
            name: numbers(ours(name, theirs[key].grad, transposed)) for name, (key, transposed) in names.items()
        } if training else {},
    }


if __name__ == "__main__":
    write("lsh-reformer-pytorch", reformer_pytorch_cases(), **{"reformer-pytorch": REFORMER_PYTORCH})
    write("lsh-transformers", transformers_cases(), transformers=transformers.__version__)
    write("axial-positions", axial_cases(), transformers=transformers.__version__)
    cases = [model_case(16, 1, 4), model_case(16, 2, 4), model_case(13, 2, 4), model_case(12, 2, 2, [12, 7])]
    write("reformer", cases, transformers=transformers.__version__)
