"""LSH attention by two libraries, with the same random rotations on both sides: reformer-pytorch's
LSHAttention and HF transformers' LSHSelfAttention."""
from unittest import mock

import torch
import transformers.utils
from common import case, leaf, numbers, write
from reformer_pytorch import LSHAttention

transformers.utils.is_torchvision_available = lambda: False  # its build must match torch's, and nothing here needs it
from transformers import ReformerConfig
from transformers.models.reformer.modeling_reformer import LSHSelfAttention

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
        (2, 24, 4, 2, True, True, False), (1, 32, 4, 3, False, True, False),
        (2, 24, 4, 3, True, False, True), (1, 32, 3, 4, False, False, True),
    ]:
        chunk = 4
        inputs = {"queryKey": leaf(batch, length, depth), "values": leaf(batch, length, 3 if batch == 1 else depth)}
        rotations = torch.randn(rounds, depth, length // chunk // 2)
        options = {"causal": causal, "acrossBuckets": across, "countOnce": once, "chunkLength": chunk}
        if batch == 1:
            inputs["values"] = leaf(batch, length, depth)  # the library unsorts with the depth of the queries
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


if __name__ == "__main__":
    write("lsh-reformer-pytorch", reformer_pytorch_cases(), **{"reformer-pytorch": REFORMER_PYTORCH})
    write("lsh-transformers", transformers_cases(), transformers=transformers.__version__)
