"""Attention to few keys in a fixed pattern: local-attention, Hugging Face's Longformer, and PyTorch's
scaled_dot_product_attention under masks written from the papers' definitions, position by position."""
from importlib.metadata import version

import torch
from common import case, leaf, write
from local_attention import LocalAttention
from torch import nn
from transformers import LongformerConfig
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

torch.manual_seed(2020)


def sequence(batch, heads, length, d_key, d_value):
    return {
        "query": leaf(batch, heads, length, d_key), "keys": leaf(batch, heads, length, d_key),
        "values": leaf(batch, heads, length, d_value),
    }


def padding(batch, length):
    mask = (torch.rand(batch, 1, 1, length) > 0.3).double()
    mask[..., 0] = 1
    return mask


def local_attention(query, keys, values, window, causal, mask=None):
    """local-attention with blocks of w/2 that look one block back (and ahead), cut to the window."""
    batch, heads, length, _ = query.shape
    attend = LocalAttention(window // 2, causal=causal, exact_windowsize=True, autopad=True, use_rotary_pos_emb=False)
    visible = torch.ones(batch, length).bool() if mask is None else (mask[:, 0, 0] != 0)
    return attend(query, keys, values, mask=visible)


def with_weights(attend):
    """The weights are the context of the identity."""
    def run(query, keys, values, **options):
        identity = torch.eye(keys.shape[-2]).expand(*keys.shape[:-1], keys.shape[-2])
        return {
            "context": attend(query, keys, values, **options),
            "weights": attend(query, keys, identity, **options),
        }
    return run


def sliding_window_cases():
    cases = []
    for batch, heads, length, window, causal in [(1, 1, 7, 2, False), (2, 1, 13, 6, True), (1, 1, 35, 8, False)]:
        options = {"window": window, "causal": causal}
        cases.append(case(sequence(batch, heads, length, 4, 3), {}, with_weights(local_attention), options))
    options = {"window": 4, "causal": False}
    mask = torch.ones(2, 1, 1, 11)
    mask[0, ..., 8:] = 0  # every query still sees a key: queries 8 and 9 see key 7, 10 only itself
    mask[0, ..., 10] = 1
    cases.append(case(sequence(2, 1, 11, 3, 4), {"mask": mask}, with_weights(local_attention), options))
    return cases


def dilated(query, keys, values, window, causal, dilation):
    """local-attention on every d-th position, once for each place to begin."""
    context = torch.zeros(*query.shape[:-1], values.shape[-1])
    for first in range(dilation):
        part = slice(first, None, dilation)
        # the identity as values makes weights over the whole sequence: its rows are chosen likewise
        found = local_attention(query[:, :, part], keys[:, :, part], values[:, :, part], window, causal)
        context = context.index_copy(2, torch.arange(query.shape[2])[part], found)
    return context


def dilated_cases():
    cases = []
    for batch, heads, length, window, causal, dilation in [
        (1, 1, 11, 2, False, 2), (2, 1, 17, 4, True, 3), (1, 1, 30, 6, False, 4),
    ]:
        options = {"window": window, "causal": causal, "dilation": dilation}
        cases.append(case(sequence(batch, heads, length, 4, 3), {}, with_weights(dilated), options))
    return cases


def longformer(hidden, W, b, WGlobal, bGlobal, window, heads, positions, mask=None):
    """LongformerSelfAttention with its six projections, each W [d, 3 d] for query, key and value. Its
    sequences are multiples of the window: the rest is padding that it masks."""
    batch, length, d = hidden.shape
    config = LongformerConfig(
        hidden_size=d, num_attention_heads=heads, attention_window=[window], num_hidden_layers=1,
        attention_probs_dropout_prob=0.0,
    )
    module = LongformerSelfAttention(config, 0).eval()
    parameters = {}
    for names, weight, bias in [
        (("query", "key", "value"), W, b), (("query_global", "key_global", "value_global"), WGlobal, bGlobal),
    ]:
        for name, w, part in zip(names, weight.chunk(3, 1), bias.chunk(3)):
            parameters |= {f"{name}.weight": w.T, f"{name}.bias": part}
    spare = -length % window
    attention_mask = torch.zeros(batch, length + spare)
    if mask is not None:
        attention_mask[:, :length][mask[:, 0, 0] == 0] = -10000
    attention_mask[:, length:] = -10000
    attention_mask[:, positions] = 10000
    found = torch.func.functional_call(module, parameters, (), {
        "hidden_states": nn.functional.pad(hidden, (0, 0, 0, spare)),
        "attention_mask": attention_mask, "is_index_masked": attention_mask < 0,
        "is_index_global_attn": attention_mask > 0, "is_global_attn": len(positions) > 0,
        "output_attentions": True,
    })
    # [batch, length, heads, g + w + 1]: the global keys, then the window from i − w/2 to i + w/2
    banded, g = found[1], len(positions)
    weights = torch.zeros(batch, heads, length, length)
    for i in range(length):
        for slot, j in [*enumerate(sorted(positions)), *enumerate(range(i - window // 2, i + window // 2 + 1), g)]:
            if 0 <= j < length:
                weights[:, :, i, j] += banded[:, i, :, slot]
    outputs = {"context": found[0][:, :length], "weights": weights}
    return outputs | ({"globalWeights": found[2][..., :length]} if g else {})


def longformer_cases():
    cases = []
    for batch, heads, length, d, window, positions, masked in [
        (1, 1, 9, 3, 4, [0], False), (2, 2, 16, 4, 4, [0, 9], True), (1, 2, 21, 6, 6, [3, 4, 20], False),
    ]:
        inputs = {
            "hidden": leaf(batch, length, d), "W": leaf(d, 3 * d), "b": leaf(3 * d),
            "WGlobal": leaf(d, 3 * d), "bGlobal": leaf(3 * d),
        }
        mask = torch.ones(batch, 1, 1, length)
        mask[-1, ..., length - 5:] = 0
        mask[..., positions] = 1
        # What masked positions ask is nobody's business: Hugging Face sets it to 0, we do not.
        options = {"window": window, "heads": heads, "positions": positions}
        constants = {"mask": mask} if masked else {}

        def run(mask=None, **given):
            outputs = longformer(mask=mask, **given)
            if mask is None:
                return outputs
            asked = mask[:, 0, 0]
            return {
                "context": outputs["context"] * asked[:, :, None],
                "weights": outputs["weights"] * asked[:, None, :, None],
                "globalWeights": outputs["globalWeights"],
            }
        cases.append(case(inputs, constants, run, options))
    return cases


def under(definition):
    """PyTorch's attention where the definition, asked for every pair (i, j), lets i see j. Rows that see
    nothing become 0."""
    def attend(query, keys, values, mask=None, **options):
        length = query.shape[-2]
        visible = torch.tensor([[definition(i, j, **options) for j in range(length)] for i in range(length)])
        if mask is not None:
            visible = visible & (mask != 0)
        some = visible.any(-1, keepdim=True)
        context = nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=visible | ~some)
        return context * some
    return with_weights(attend)


def image_1d(i, j, block, memory):
    """j stands in the memory block of i's query block and was generated no later than i."""
    first = i - i % block
    return first - memory <= j <= i


def image_2d(i, j, image, block, memory):
    """Both as (row, column); i's block from (top, left)."""
    (iy, ix), (jy, jx) = divmod(i, image[1]), divmod(j, image[1])
    top, left = iy // block[0] * block[0], ix // block[1] * block[1]
    inside = top - memory[0] <= jy < top + block[0] and left - memory[1] <= jx < left + block[1] + memory[1]
    when = lambda y, x: (y // block[0], x // block[1], y % block[0], x % block[1])
    return inside and when(jy, jx) <= when(iy, ix)


def image_cases():
    one, two = [], []
    for batch, heads, length, block, memory in [(1, 1, 7, 2, 3), (2, 1, 18, 4, 4), (1, 1, 23, 7, 0)]:
        options = {"block": block, "memory": memory}
        one.append(case(sequence(batch, heads, length, 3, 4), {}, under(image_1d), options))
    one.append(case(sequence(2, 1, 12, 3, 2), {"mask": padding(2, 12)}, under(image_1d), {"block": 5, "memory": 4}))
    for batch, heads, image, block, memory in [
        (1, 1, [3, 5], [2, 2], [1, 1]), (2, 1, [6, 3], [2, 3], [2, 1]), (1, 1, [5, 7], [3, 2], [2, 3]),
    ]:
        options = {"image": image, "block": block, "memory": memory}
        two.append(case(sequence(batch, heads, image[0] * image[1], 3, 4), {}, under(image_2d), options))
    return one, two


def strided(m):
    def definition(i, j, stride):
        first = max(0, i - stride) <= j <= i
        second = j <= i and (i - j) % stride == 0
        return (first, second, first or second)[m]
    return definition


def fixed(m):
    def definition(i, j, stride, summary):
        first = j // stride == i // stride and j <= i
        second = j <= i and j % stride in range(stride - summary, stride)
        return (first, second, first or second)[m]
    return definition


def sparse_transformer(query, keys, values, pattern, use, mask=None, **options):
    definitions = {"strided": strided, "fixed": fixed}[pattern]
    if use == "heads":
        halves = zip(*(x.chunk(2, 1) for x in (query, keys, values)))
        found = [under(definitions(m))(*half, mask=mask, **options) for m, half in enumerate(halves)]
        return {name: torch.cat([part[name] for part in found], 1) for name in found[0]}
    return under(definitions(2 if use == "merged" else use))(query, keys, values, mask=mask, **options)


def sparse_transformer_cases():
    cases = []
    for use in (0, 1, "merged", "heads"):
        strides = {"pattern": "strided", "stride": 3, "use": use}
        cases.append(case(sequence(1, 2, 11, 3, 4), {}, sparse_transformer, strides))
        summaries = {"pattern": "fixed", "stride": 4, "summary": 2, "use": use}
        mask = padding(1, 11)
        cases.append(case(sequence(1, 2, 11, 3, 2), {"mask": mask}, sparse_transformer, summaries))
    return cases


if __name__ == "__main__":
    libraries = {"local-attention": version("local-attention")}
    write("sliding-window", sliding_window_cases(), **libraries)
    write("dilated-sliding-window", dilated_cases(), **libraries)
    write("global-sliding-window", longformer_cases(), transformers=version("transformers"))
    one, two = image_cases()
    write("image-local-1d", one)
    write("image-local-2d", two)
    write("sparse-transformer", sparse_transformer_cases())
