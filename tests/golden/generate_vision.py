"""Attention in images, LAMA and Deep Voice 3. Images here are [batch, channels, height, width]; the
JSON holds them as [batch, height, width, channels]."""
import warnings

import torch

try:
    import torchvision  # noqa: F401, which timm imports; nothing of it is used here
except RuntimeError:  # made for another build of PyTorch (CPU, CUDA): it then only wants these declared
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou) -> Tensor")

from common import case, leaf, write
from deepvoice3_pytorch.deepvoice3 import AttentionLayer
from deepvoice3_pytorch.modules import position_encoding_init, sinusoidal_encode
from mmcv.cnn.bricks import ContextBlock
from timm.layers.bottleneck_attn import PosEmbedRel
from timm.layers.cbam import ChannelAttn, SpatialAttn
from timm.layers.non_local_attn import NonLocalAttn
from timm.layers.split_attn import SplitAttn
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

warnings.filterwarnings("ignore")  # nn.utils.spectral_norm and weight_norm are old; padding of even kernels
torch.manual_seed(2018)
TIMM, MMCV, DEEPVOICE3 = "1.0.31", "2.2.0", "0.1.0"

first = lambda x: x.permute(0, 3, 1, 2)  # channels first
last = lambda x: x.permute(0, 2, 3, 1)  # channels last
one = lambda W: W.T[:, :, None, None].contiguous()  # a matrix as the kernel of a 1×1 convolution
kernel = lambda W: W.permute(3, 2, 0, 1).contiguous()


def listen(module):
    """What a module inside another one puts out."""
    heard = []
    module.register_forward_hook(lambda _module, _inputs, output: heard.append(output))
    return heard


def sagan(image, WF, WG, WH, gamma, WV=None, pool=False):
    """Without pooling timm's non-local block, γ inside its last convolution. Else by columns."""
    x = first(image)
    if WV is not None and not pool:
        block = NonLocalAttn(x.shape[1], use_scale=False, rd_channels=WF.shape[1])
        block.norm = nn.Identity()
        weights = {"t.weight": one(WG), "p.weight": one(WF), "g.weight": one(WH), "z.weight": one(gamma * WV)}
        biases = {f"{n}.bias": torch.zeros(weights[f"{n}.weight"].shape[0]) for n in "tpgz"}
        context = last(functional_call(block, {**weights, **biases}, x))
    else:
        context = None
    f, g, h = (F.conv2d(x, one(W)) for W in (WF, WG, WH))
    if pool:
        f, h = F.max_pool2d(f, 2), F.max_pool2d(h, 2)
    s = torch.einsum("bci,bcj->bij", f.flatten(2), g.flatten(2))
    beta = s.exp() / s.exp().sum(1, keepdim=True)
    if context is None:
        o = torch.bmm(h.flatten(2), beta).unflatten(2, x.shape[2:])
        context = last(gamma * (o if WV is None else F.conv2d(o, one(WV))) + x)
    return {"context": context, "weights": beta.mT}


def sagan_cases():
    cases = []
    for batch, height, width, channels, d, out, pool in [
        (1, 1, 1, 3, 1, True, False), (2, 3, 4, 8, 2, True, False), (1, 5, 3, 4, 3, True, False),
        (2, 3, 3, 4, 2, False, False), (2, 5, 4, 4, 2, True, True),
    ]:
        inputs = {
            "image": leaf(batch, height, width, channels), "WF": leaf(channels, d), "WG": leaf(channels, d),
            "WH": leaf(channels, d if out else channels), "gamma": torch.randn(()).requires_grad_(),
        }
        if out:
            inputs["WV"] = leaf(d, channels)
        cases.append(case(inputs, {}, sagan, {"pool": pool}))
    return cases


def spectral_norm(W, u, iterations):
    """nn.utils.spectral_norm on a linear layer or a convolution, after one step of training."""
    if W.dim() == 2:
        module, weight = nn.Linear(*W.shape, bias=False), W.T
    else:
        height, width, rows, columns = W.shape
        module, weight = nn.Conv2d(rows, columns, (height, width), bias=False), kernel(W)
    module = nn.utils.spectral_norm(module, n_power_iterations=iterations)
    state, probe = u.clone(), (1, W.shape[0]) if W.dim() == 2 else (1, W.shape[2], 9, 9)
    functional_call(module, {"weight_orig": weight, "weight_u": state}, torch.zeros(probe))
    back = module.weight.T if W.dim() == 2 else module.weight.permute(2, 3, 1, 0)
    return {"W": back, "u": state, "sigma": W.norm() / back.norm()}


def spectral_norm_cases():
    cases = []
    for shape, iterations in [((1, 1), 1), ((5, 3), 1), ((3, 7), 3), ((3, 3, 2, 4), 1), ((2, 3, 4, 1), 2)]:
        u = F.normalize(torch.randn(shape[-1]), dim=0)
        cases.append(case({"W": leaf(*shape)}, {"u": u}, spectral_norm, {"iterations": iterations}))
    return cases


def simple_self(image, W, gamma, order, symmetric):
    """Example by example, y_j = x_j + γ Σ_i x_i (x_iᵀ W x_j), over columns."""
    x = first(image).flatten(2)
    M = (W + W.T) / 2 if symmetric else W.T
    S = torch.einsum("bci,cd,bdj->bij", x, M, x)
    context = last((x + gamma * torch.einsum("bci,bij->bcj", x, S)).unflatten(2, image.shape[1:3]))
    return {"context": context, "weights": S.mT if order == "positions" else torch.einsum("bci,bdi->bcd", x, x)}


def simple_self_cases():
    cases = []
    for shape, order, symmetric in [
        ((1, 1, 1, 2), "channels", False), ((2, 3, 4, 5), "channels", False), ((2, 3, 4, 5), "positions", False),
        ((1, 5, 3, 4), "channels", True), ((1, 3, 5, 4), "positions", True),
    ]:
        inputs = {"image": leaf(*shape), "W": leaf(shape[-1], shape[-1]), "gamma": torch.randn(()).requires_grad_()}
        cases.append(case(inputs, {}, simple_self, {"order": order, "symmetric": symmetric}))
    return cases


def channel_attention(image, W0, W1, b0=None, b1=None):
    """timm's ChannelAttn."""
    module = ChannelAttn(W0.shape[0], rd_channels=W0.shape[1], mlp_bias=b0 is not None)
    gate = listen(module.gate)
    parameters = {"fc1.weight": one(W0), "fc2.weight": one(W1)}
    if b0 is not None:
        parameters |= {"fc1.bias": b0, "fc2.bias": b1}
    context = functional_call(module, parameters, first(image))
    return {"context": last(context), "weights": gate[0].flatten(1)}


def spatial_attention(image, W, b=None):
    """timm's SpatialAttn without its batch normalisation."""
    module = SpatialAttn(W.shape[0])
    module.conv.bn = nn.Identity()
    if b is not None:
        module.conv.conv.bias = nn.Parameter(torch.zeros(1))
    gate = listen(module.gate)
    parameters = {"conv.conv.weight": kernel(W)} | ({} if b is None else {"conv.conv.bias": b})
    context = functional_call(module, parameters, first(image))
    return {"context": last(context), "weights": gate[0].squeeze(1)}


def cbam(image, W0, W1, W):
    what = channel_attention(image, W0, W1)
    return {**spatial_attention(what["context"], W), "channelWeights": what["weights"]}


def guided_mask(regions, attention, W0, b0, W1, b1, upW, upB, masksW, masksB):
    """PyTorch's convolutions around timm's SpatialAttn."""
    x = first(regions)
    for W, b in [(W0, b0), (W1, b1)]:
        x = F.conv2d(x, kernel(W), b, padding=1).relu()
    attended = spatial_attention(last(x), attention)
    larger = F.conv_transpose2d(first(attended["context"]), upW.permute(3, 2, 0, 1), upB, stride=2).relu()
    return {**attended, "logits": last(F.conv2d(larger, one(masksW), masksB))}


def gate_cases():
    channel, spatial, both = [], [], []
    for batch, height, width, channels, hidden, size in [
        (1, 1, 1, 2, 1, 3), (2, 3, 5, 4, 2, 7), (1, 4, 4, 6, 3, 5), (3, 5, 2, 3, 1, 3),
    ]:
        def fresh():
            return {"image": leaf(batch, height, width, channels)}
        W = lambda: {"W0": leaf(channels, hidden), "W1": leaf(hidden, channels)}
        channel.append(case({**fresh(), **W()}, {}, channel_attention))
        channel.append(case({**fresh(), **W(), "b0": leaf(hidden), "b1": leaf(channels)}, {}, channel_attention))
        spatial.append(case({**fresh(), "W": leaf(size, size, 2, 1)}, {}, spatial_attention))
        spatial.append(case({**fresh(), "W": leaf(size, size, 2, 1), "b": leaf(1)}, {}, spatial_attention))
        both.append(case({**fresh(), **W(), "W": leaf(size, size, 2, 1)}, {}, cbam))
    return channel, spatial, both


def guided_mask_cases():
    cases = []
    for boxes, height, width, channels, hidden, classes in [(1, 1, 1, 2, 2, 1), (2, 3, 4, 2, 3, 2), (1, 5, 3, 3, 2, 3)]:
        cases.append(case({
            "regions": leaf(boxes, height, width, channels), "attention": leaf(3, 3, 2, 1),
            "W0": leaf(3, 3, channels, hidden), "b0": leaf(hidden), "W1": leaf(3, 3, hidden, hidden), "b1": leaf(hidden),
            "upW": leaf(2, 2, hidden, hidden), "upB": leaf(hidden), "masksW": leaf(hidden, classes), "masksB": leaf(classes),
        }, {}, guided_mask))
    return cases


def channel_wise_soft(query, image, WQ, WC, bC, v):
    """Example by example, with the paper's outer product."""
    betas = []
    for h, V in zip(query, first(image)):
        means = torch.stack([channel.mean() for channel in V])
        b = torch.tanh(torch.outer(WC, means) + bC[:, None] + (WQ.T @ h)[:, None])  # [dAttention, channels]
        betas.append(torch.softmax(v @ b, 0))
    beta = torch.stack(betas)
    return {"context": last(first(image) * beta[:, :, None, None]), "weights": beta}


def channel_wise_soft_cases():
    return [
        case({
            "query": leaf(batch, depth), "image": leaf(batch, height, width, channels), "WQ": leaf(depth, d),
            "WC": leaf(d, scale=2), "bC": leaf(d), "v": leaf(d, scale=2),
        }, {}, channel_wise_soft)
        for batch, height, width, channels, depth, d in [(1, 1, 1, 1, 2, 3), (2, 3, 2, 5, 3, 4), (1, 5, 3, 4, 1, 2)]
    ]


def split_attention(branches, W0, b0, W1, b1):
    """timm's SplitAttn, its first convolution and activation taken away."""
    batch, radix, height, width, channels = branches.shape
    module = SplitAttn(radix * channels, channels, radix=radix, rd_channels=W0.shape[1] // radix)
    module.conv, module.act0 = nn.Identity(), nn.Identity()
    weights = listen(module.rsoftmax)
    parameters = {"fc1.weight": one(W0), "fc1.bias": b0, "fc2.weight": one(W1), "fc2.bias": b1}
    x = branches.permute(0, 1, 4, 2, 3).flatten(1, 2)
    context = functional_call(module, parameters, x)
    return {"context": last(context), "weights": weights[0].reshape(batch, radix, channels)}


def split_attention_cases():
    return [
        case({
            "branches": leaf(batch, radix, height, width, channels), "W0": leaf(channels, hidden), "b0": leaf(hidden),
            "W1": leaf(hidden, radix * channels), "b1": leaf(radix * channels),
        }, {}, split_attention)
        for batch, radix, height, width, channels, hidden in [(1, 1, 1, 1, 2, 3), (2, 2, 3, 2, 3, 4), (1, 3, 2, 5, 4, 6)]
    ]


def point_wise_spatial(image, collectReduce, collectAdapt, collectMap, distributeReduce, distributeAdapt, distributeMap,
                       project, softmax):
    """Pair of pixels by pair of pixels, as the authors' kernel reads its maps."""
    batch, height, width, _ = image.shape
    n, weights, results = height * width, [], []
    for name, reduce, adapt, map_ in [("collect", collectReduce, collectAdapt, collectMap),
                                      ("distribute", distributeReduce, distributeAdapt, distributeMap)]:
        x = F.conv2d(first(image), one(reduce)).relu()
        h = F.conv2d(F.conv2d(x, one(adapt)).relu(), one(map_)).unflatten(1, (2 * height - 1, 2 * width - 1))
        rows = []
        for i in range(n):
            for j in range(n):
                own, other = (i, j) if name == "collect" else (j, i)
                down, right = other // width - own // width, other % width - own % width
                rows.append(h[:, down + height - 1, right + width - 1, own // width, own % width])
        a = torch.stack(rows, 1).unflatten(1, (n, n))
        a = a.softmax(2) if softmax else a / n
        weights.append(a)
        results.append(torch.einsum("bij,bcj->bci", a, x.flatten(2)).unflatten(2, (height, width)))
    joined = F.conv2d(torch.cat(results, 1), one(project)).relu()
    return {"context": last(torch.cat([first(image), joined], 1)), "weights": torch.stack(weights, 1)}


def point_wise_spatial_cases():
    cases = []
    for batch, height, width, channels, reduced, softmax in [
        (1, 1, 1, 2, 1, True), (2, 2, 3, 3, 2, True), (1, 4, 3, 2, 3, True), (1, 3, 2, 2, 2, False),
    ]:
        maps = (2 * height - 1) * (2 * width - 1)
        inputs = {"image": leaf(batch, height, width, channels), "project": leaf(2 * reduced, channels)}
        for name in ("collect", "distribute"):
            inputs |= {f"{name}Reduce": leaf(channels, reduced), f"{name}Adapt": leaf(reduced, reduced),
                       f"{name}Map": leaf(reduced, maps)}
        cases.append(case(inputs, {}, point_wise_spatial, {"softmax": softmax}))
    return cases


def global_context(image, WK, W1, b1, gain, bias, W2, b2):
    """mmcv's ContextBlock, by the authors of the paper."""
    channels, hidden = W1.shape
    module = ContextBlock(channels, ratio=hidden / channels)
    weights = listen(module.softmax)
    add = "channel_add_conv."
    parameters = {
        "conv_mask.weight": one(WK), "conv_mask.bias": torch.tensor([0.7]),  # cancels
        add + "0.weight": one(W1), add + "0.bias": b1, add + "1.weight": gain[:, None, None],
        add + "1.bias": bias[:, None, None], add + "3.weight": one(W2), add + "3.bias": b2,
    }
    return {"context": last(functional_call(module, parameters, first(image))), "weights": weights[0]}


def global_context_cases():
    return [
        case({
            "image": leaf(batch, height, width, channels), "WK": leaf(channels, 1), "W1": leaf(channels, hidden),
            "b1": leaf(hidden), "gain": leaf(hidden), "bias": leaf(hidden), "W2": leaf(hidden, channels), "b2": leaf(channels),
        }, {}, global_context)
        for batch, height, width, channels, hidden in [(1, 1, 1, 3, 3), (2, 3, 5, 8, 4), (1, 4, 3, 6, 3)]
    ]


def augmented(image, convolution, WQKV, WO, heads, convolutionBias=None, relativeHeight=None, relativeWidth=None, mask=None):
    """PyTorch's convolutions and attention, with timm's PosEmbedRel for the relative logits."""
    x = first(image)
    batch, _, height, width = x.shape
    d_value = WO.shape[0]
    d_key = (WQKV.shape[1] - d_value) // 2
    qkv = F.conv2d(x, one(WQKV)).split([d_key, d_key, d_value], 1)
    q, k, v = (part.unflatten(1, (heads, -1)).flatten(3).mT for part in qkv)  # [batch, heads, positions, d]
    bias = torch.zeros(batch, heads, height * width, height * width)
    if relativeHeight is not None:
        d = d_key // heads
        tables = {"height_rel": relativeHeight, "width_rel": relativeWidth}
        relative = functional_call(PosEmbedRel((height, width), d, 1.0), tables, q.flatten(0, 1) * d**-0.5)
        bias = relative.unflatten(0, (batch, heads))
    if mask is not None:
        bias = bias.masked_fill(mask == 0, float("-inf"))
    attend = F.scaled_dot_product_attention
    weights = attend(q, k, torch.eye(height * width).expand(batch, heads, -1, -1), attn_mask=bias)
    o = attend(q, k, v, attn_mask=bias).mT.flatten(1, 2).unflatten(2, (height, width))
    local = F.conv2d(x, kernel(convolution), convolutionBias, padding="same")
    return {"context": last(torch.cat([local, F.conv2d(o, one(WO))], 1)), "weights": weights}


def augmented_cases():
    cases = []
    for batch, height, width, channels, local, d_key, d_value, heads, size, relative, masked in [
        (1, 1, 1, 2, 1, 2, 2, 1, 3, True, False), (2, 2, 3, 3, 2, 4, 2, 2, 3, True, False),
        (1, 4, 3, 2, 2, 3, 6, 3, 1, True, True), (1, 3, 4, 2, 1, 2, 2, 1, 5, False, False),
    ]:
        inputs = {
            "image": leaf(batch, height, width, channels), "convolution": leaf(size, size, channels, local),
            "WQKV": leaf(channels, 2 * d_key + d_value), "WO": leaf(d_value, d_value),
        }
        if relative:
            inputs |= {"convolutionBias": leaf(local), "relativeHeight": leaf(2 * height - 1, d_key // heads),
                       "relativeWidth": leaf(2 * width - 1, d_key // heads)}
        n, constants = height * width, {}
        if masked:
            constants["mask"] = ((torch.rand(n, n) > 0.5) | torch.eye(n).bool()).double()
        cases.append(case(inputs, constants, augmented, {"heads": heads}))
    return cases


def lama(inputs, P, Q, c=None, mask=None):
    """Example by example, head by head; the rank-one form p qᵀ written out."""
    contexts, weights = [], []
    for b, H in enumerate(inputs):
        shown = torch.ones(len(H)) if mask is None else mask[b, 0]
        words = H[shown > 0]
        g = words.mean(0) if c is None else c
        e = torch.tanh(torch.stack([torch.stack([g @ torch.outer(p, q) @ h for p, q in zip(P.T, Q.T)]) for h in H]))
        unit = F.normalize(e, dim=1)
        a = torch.softmax(unit.T.masked_fill(shown == 0, float("-inf")), 1)
        weights.append(a)
        contexts.append(a @ H)
    return {"context": torch.stack(contexts), "weights": torch.stack(weights)}


def lama_cases():
    cases = []
    for batch, length, depth, heads, learned, lengths in [
        (1, 1, 2, 1, False, None), (2, 5, 4, 3, False, None), (3, 4, 3, 2, False, [4, 1, 2]), (1, 7, 3, 4, True, None),
        (2, 5, 4, 2, True, [3, 5]),
    ]:
        inputs = {"inputs": leaf(batch, length, depth), "P": leaf(depth, heads), "Q": leaf(depth, heads)}
        if learned:
            inputs["c"] = leaf(depth)
        constants = {}
        if lengths:
            constants["mask"] = (torch.arange(length) < torch.tensor(lengths)[:, None]).double()[:, None]
        cases.append(case(inputs, constants, lama))
    return cases


def encoding(length, depth, rate, start):
    """deepvoice3_pytorch's, whose position 0 is padding: here it is sin 0 and cos 0."""
    table = position_encoding_init(start + length, depth, 1.0, sinusoidal=False).double()
    rows = torch.stack([sinusoidal_encode(table, w) for w in rate])
    rows = torch.cat([(torch.arange(depth) % 2).double().expand(len(rate), 1, -1), rows[:, 1:]], 1)
    return rows[:, start:]


def dv3_encoding(rate, length, depth, start):
    return {"encoding": encoding(length, depth, rate, start)}


def dv3(query, keys, values, queryW, queryB, keysW, keysB, valuesW, valuesB, outputW, outputB, queryRate, keyRate,
        queryStart, mask=None):
    """deepvoice3_pytorch's AttentionLayer, its residual and its scaling by √length undone."""
    layer = AttentionLayer(query.shape[2], queryW.shape[1], dropout=0)
    length = keys.shape[1]
    parameters = {}
    for name, W, b in [("query", queryW, queryB), ("key", keysW, keysB), ("value", valuesW, valuesB),
                       ("out", outputW / length**0.5, outputB)]:
        parameters |= {f"{name}_projection.weight_v": W.T, f"{name}_projection.weight_g": W.T.norm(dim=1, keepdim=True),
                       f"{name}_projection.bias": b}
    asked = query + encoding(query.shape[1], query.shape[2], queryRate, queryStart)
    seen = (keys + encoding(length, keys.shape[2], keyRate, 0)).mT
    hidden = None if mask is None else mask == 0
    y, weights = functional_call(layer, parameters, (asked, (seen, values)), {"mask": hidden})
    return {"context": y * 2**0.5 - asked, "weights": weights}


def dv3_cases():
    cases = []
    for batch, frames, letters, depth, rates, start, lengths in [
        (1, 1, 1, 2, 1, 0, None), (2, 5, 3, 4, 1, 0, None), (2, 1, 7, 3, 2, 4, None), (3, 4, 5, 5, 3, 0, [5, 2, 1]),
    ]:
        layers = {}
        for name in ("query", "keys", "values", "output"):
            layers |= {f"{name}W": leaf(depth, depth, scale=0.5), f"{name}B": leaf(depth)}
        constants = {"keysB": layers.pop("keysB").detach()}  # cancels in the softmax: its gradient is 0
        inputs = {
            "query": leaf(batch, frames, depth), "keys": leaf(batch, letters, depth), "values": leaf(batch, letters, depth),
            **layers, "queryRate": (torch.rand(rates) + 0.5).requires_grad_(),
            "keyRate": (torch.rand(rates) + 0.5).requires_grad_(),
        }
        if lengths:
            constants["mask"] = (torch.arange(letters) < torch.tensor(lengths)[:, None]).double()[:, None]
        cases.append(case(inputs, constants, dv3, {"queryStart": start}))
    return cases


def dv3_encoding_cases():
    return [
        case({"rate": (torch.rand(rates) * 3).requires_grad_()}, {}, dv3_encoding,
             {"length": length, "depth": depth, "start": start})
        for rates, length, depth, start in [(1, 1, 1, 0), (1, 5, 4, 0), (2, 7, 5, 3)]
    ]


def quadratic(image, centres, alpha, W, padding, b=None):
    """Distances by torch.cdist, and one head after the other."""
    x = F.pad(first(image), [padding] * 4)
    batch, channels, height, width = x.shape
    inside = slice(padding, height - padding), slice(padding, width - padding)
    where = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"), -1).double()
    keys, queries = where.reshape(-1, 2), where[inside].reshape(-1, 2)
    y, weights = 0, []
    for centre, sharp, V in zip(centres, alpha, W):
        squared = (keys[None] - (queries + centre)[:, None]).square().sum(2)
        weights.append(torch.softmax(-sharp * squared, 1))
        y = y + torch.einsum("qk,bck,co->bqo", weights[-1], x.flatten(2), V)
    y = y.unflatten(1, image.shape[1:3])
    return {"context": y if b is None else y + b, "weights": torch.stack(weights)[None]}


def quadratic_cases():
    cases = []
    for batch, height, width, channels, outputs, heads, padding in [(1, 1, 1, 1, 2, 1, 0), (2, 3, 4, 2, 3, 2, 0), (1, 3, 2, 3, 2, 3, 1)]:
        inputs = {
            "image": leaf(batch, height, width, channels), "centres": leaf(heads, 2),
            "alpha": torch.rand(heads).requires_grad_(), "W": leaf(heads, channels, outputs), "b": leaf(outputs),
        }
        cases.append(case(inputs, {}, quadratic, {"padding": padding}))
    return cases


def convolution(image, kernel_, bias):
    return {"context": last(F.conv2d(first(image), kernel(kernel_), bias, padding="same"))}


def convolution_cases():
    return [
        case({"image": leaf(batch, height, width, channels), "kernel_": leaf(size, size, channels, outputs), "bias": leaf(outputs)},
             {}, convolution)
        for batch, height, width, channels, outputs, size in [(1, 1, 1, 1, 1, 1), (2, 5, 4, 2, 3, 3), (1, 3, 6, 2, 2, 5), (1, 4, 3, 2, 2, 2)]
    ]


if __name__ == "__main__":
    write("sagan", sagan_cases(), timm=TIMM)
    write("spectral-norm", spectral_norm_cases())
    write("simple-self", simple_self_cases())
    channel, spatial, both = gate_cases()
    write("channel-attention-module", channel, timm=TIMM)
    write("spatial-attention-module", spatial, timm=TIMM)
    write("cbam", both, timm=TIMM)
    write("spatial-attention-guided-mask", guided_mask_cases(), timm=TIMM)
    write("channel-wise-soft", channel_wise_soft_cases())
    write("split-attention", split_attention_cases(), timm=TIMM)
    write("point-wise-spatial", point_wise_spatial_cases())
    write("global-context-block", global_context_cases(), mmcv=MMCV)
    write("attention-augmented-convolution", augmented_cases(), timm=TIMM)
    write("lama", lama_cases())
    write("dv3", dv3_cases(), deepvoice3_pytorch=DEEPVOICE3)
    write("dv3-encoding", dv3_encoding_cases(), deepvoice3_pytorch=DEEPVOICE3)
    write("quadratic-self", quadratic_cases())
    write("convolution-as-attention", convolution_cases())
