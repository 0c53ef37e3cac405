"""Attention on graphs, sets, points, images of objects; Sinkhorn and routing: torch_geometric,
transformers, scipy, sinkhorn-transformer and routing-transformer."""
from functools import partial
from importlib.metadata import version

import scipy
import sinkhorn_transformer.sinkhorn_transformer as sinkhorn_package
import torch
import torch.nn.functional as F
import torch_geometric
import transformers
from common import case, leaf, numbers, write
from routing_transformer import routing_transformer as routing_package
from scipy.optimize import linear_sum_assignment
from torch.func import functional_call
from torch_geometric.nn import GATConv, GATv2Conv, PointTransformerConv, TransformerConv
from torch_geometric.nn.aggr.utils import (
    InducedSetAttentionBlock, MultiheadAttentionBlock, PoolingByMultiheadAttention, SetAttentionBlock,
)
from transformers import DetrConfig
from transformers.loss.loss_for_object_detection import HungarianMatcher, ImageLoss
from transformers.models.detr.modeling_detr import DetrCrossAttention, DetrSinePositionEmbedding

torch.manual_seed(2018)


def random_edges(nodes, count, loops=True):
    edges = torch.randint(0, nodes, (2, count))
    return (edges if loops else edges[:, edges[0] != edges[1]]).double()


def gat(nodes, edges, W, aTarget, aSource, bias, average, selfLoops):
    heads, d_head = aSource.shape
    module = GATConv(nodes.shape[1], d_head, heads, concat=not average, add_self_loops=selfLoops)
    parameters = {"lin.weight": W.T, "att_src": aSource[None], "att_dst": aTarget[None], "bias": bias}
    context, (_, weights) = functional_call(
        module, parameters, (nodes, edges.long()), {"return_attention_weights": True}
    )
    return {"context": context, "weights": weights}


def gat_v2(nodes, edges, WTarget, WSource, bTarget, bSource, a, bias, average, selfLoops):
    heads, d_head = a.shape
    module = GATv2Conv(nodes.shape[1], d_head, heads, concat=not average, add_self_loops=selfLoops)
    parameters = {
        "lin_l.weight": WSource.T, "lin_l.bias": bSource, "lin_r.weight": WTarget.T,
        "lin_r.bias": bTarget, "att": a[None], "bias": bias,
    }
    context, (_, weights) = functional_call(
        module, parameters, (nodes, edges.long()), {"return_attention_weights": True}
    )
    return {"context": context, "weights": weights}


def graph_cases():
    cases = []
    for nodes, count, depth, heads, d_head, average, loops in [
        (1, 1, 2, 1, 3, False, True), (5, 9, 3, 2, 4, False, True), (7, 12, 4, 3, 2, True, True),
        (6, 11, 3, 2, 3, False, False),
    ]:
        bias = d_head if average else heads * d_head
        options = {"average": average, "selfLoops": loops}
        edges = {"edges": random_edges(nodes, count)}
        inputs = {
            "nodes": leaf(nodes, depth), "W": leaf(depth, heads * d_head),
            "aTarget": leaf(heads, d_head), "aSource": leaf(heads, d_head), "bias": leaf(bias),
        }
        cases.append(case(inputs, edges, gat, options))
        inputs = {
            "nodes": leaf(nodes, depth), "WTarget": leaf(depth, heads * d_head),
            "WSource": leaf(depth, heads * d_head), "bTarget": leaf(heads * d_head),
            "bSource": leaf(heads * d_head), "a": leaf(heads, d_head), "bias": leaf(bias),
        }
        cases.append(case(inputs, edges, gat_v2, options))
    return cases


def graph_self_attention(nodes, edges, WQ, WK, WV, WO, heads):
    """TransformerConv is GSA without W^O once its own skip connection and biases are off."""
    d_head = WQ.shape[1] // heads
    module = TransformerConv(nodes.shape[1], d_head, heads, root_weight=False, bias=False)
    zero = torch.zeros(heads * d_head)
    parameters = {
        "lin_query.weight": WQ.T, "lin_key.weight": WK.T, "lin_value.weight": WV.T,
        "lin_query.bias": zero, "lin_key.bias": zero, "lin_value.bias": zero,
    }
    parameters = {name: value for name, value in parameters.items() if name in dict(module.named_parameters())}
    context, (_, weights) = functional_call(
        module, parameters, (nodes, edges.long()), {"return_attention_weights": True}
    )
    return {"context": context @ WO, "weights": weights}


def graph_self_attention_cases():
    cases = []
    for nodes, count, d_model, heads, d_head in [(1, 1, 2, 1, 3), (5, 11, 4, 2, 2), (7, 20, 3, 3, 5)]:
        inputs = {
            "nodes": leaf(nodes, d_model), "WQ": leaf(d_model, heads * d_head), "WK": leaf(d_model, heads * d_head),
            "WV": leaf(d_model, heads * d_head), "WO": leaf(heads * d_head, d_model),
        }
        cases.append(case(inputs, {"edges": random_edges(nodes, count)}, graph_self_attention, {"heads": heads}))
    return cases


def projections(d, prefix=""):
    """b^K shifts all logits of a row alike: its gradient is 0, and what is computed only rounding."""
    return {prefix + name: leaf(d, d, scale=0.5) for name in ("WQ", "WK", "WV", "WO")} | {
        prefix + name: leaf(d) for name in ("bQ", "bV", "bO")
    } | {prefix + "bK": torch.randn(d)}


def mixed(tensors, function, options):
    """A case that differentiates what requires a gradient."""
    inputs = {name: value for name, value in tensors.items() if value.requires_grad}
    constants = {name: value for name, value in tensors.items() if not value.requires_grad}
    return case(inputs, constants, function, options)


def block(d, prefix="", norm=True):
    """The parameters of one MAB, under the names that `flatten` gives them."""
    inputs = projections(d, prefix + "attention/")
    inputs |= {prefix + "feedForward/W": leaf(d, d), prefix + "feedForward/b": leaf(d)}
    for name in ("normAttention", "normFeedForward") if norm else ():
        gain = (1 + torch.randn(d) / 4).requires_grad_()
        inputs |= {f"{prefix}{name}/gain": gain, f"{prefix}{name}/bias": leaf(d)}
    return inputs


def block_state(p, prefix="", to=""):
    """The same for torch_geometric's MultiheadAttentionBlock."""
    a = prefix + "attention/"
    state = {
        "attn.in_proj_weight": torch.cat([p[a + "WQ"], p[a + "WK"], p[a + "WV"]], 1).T,
        "attn.in_proj_bias": torch.cat([p[a + "bQ"], p[a + "bK"], p[a + "bV"]]),
        "attn.out_proj.weight": p[a + "WO"].T, "attn.out_proj.bias": p[a + "bO"],
        "lin.weight": p[prefix + "feedForward/W"].T, "lin.bias": p[prefix + "feedForward/b"],
    }
    for name, norm in [("layer_norm1", "normAttention"), ("layer_norm2", "normFeedForward")]:
        if f"{prefix}{norm}/gain" in p:
            state[name + ".weight"] = p[f"{prefix}{norm}/gain"]
            state[name + ".bias"] = p[f"{prefix}{norm}/bias"]
    return {to + name: value for name, value in state.items()}


def real(context, mask):
    """What stands in rows of padding means nothing: 0, here and in the test."""
    return context if mask is None else context * mask.transpose(1, 2)


def visible(mask):
    return None if mask is None else mask[:, 0] > 0


def mab(X, Y, heads, mask=None, **p):
    module = MultiheadAttentionBlock(X.shape[2], heads, "normAttention/gain" in p)
    state = block_state(p)
    context = functional_call(module, state, (X, Y), {"y_mask": visible(mask)})
    attention = {name.removeprefix("attn."): value for name, value in state.items() if name.startswith("attn.")}
    hidden = None if mask is None else ~visible(mask)
    _, weights = functional_call(
        module.attn, attention, (X, Y, Y), {"key_padding_mask": hidden, "average_attn_weights": False}
    )
    return {"context": context, "weights": weights}


def sab(X, heads, mask=None, **p):
    module = SetAttentionBlock(X.shape[2], heads, "normAttention/gain" in p)
    return {"context": real(functional_call(module, block_state(p, to="mab."), (X, visible(mask))), mask)}


def isab(X, I, heads, mask=None, **p):
    module = InducedSetAttentionBlock(X.shape[2], I.shape[0], heads, "induce/normAttention/gain" in p)
    state = {"ind": I[None]} | block_state(p, "induce/", "mab1.") | block_state(p, "look/", "mab2.")
    return {"context": real(functional_call(module, state, (X, visible(mask))), mask)}


def pma(Z, S, heads, mask=None, **p):
    module = PoolingByMultiheadAttention(Z.shape[2], S.shape[0], heads, "block/normAttention/gain" in p)
    state = {"seed": S[None], "lin.weight": p["feedForward/W"].T, "lin.bias": p["feedForward/b"]}
    return {"context": functional_call(module, state | block_state(p, "block/", "mab."), (Z, visible(mask)))}


def set_cases():
    cases = {"mab": [], "sab": [], "isab": [], "pma": []}
    for batch, n, m, d, heads, norm in [(1, 1, 1, 3, 1, True), (2, 5, 3, 4, 2, True), (2, 3, 7, 6, 3, False)]:
        for masked in (False, True):
            def members(size):
                lengths = torch.randint(1, size + 1, (batch, 1, 1))
                return {"mask": (torch.arange(size) < lengths).double()} if masked else {}
            options = {"heads": heads}
            cases["mab"].append(
                mixed({"X": leaf(batch, n, d), "Y": leaf(batch, m, d)} | block(d, norm=norm) | members(m), mab, options)
            )
            inputs = {"X": leaf(batch, m, d)} | block(d, norm=norm)
            cases["sab"].append(mixed(inputs | members(m), sab, options))
            inputs = {"X": leaf(batch, m, d), "I": leaf(n, d)} | block(d, "induce/", norm) | block(d, "look/", norm)
            cases["isab"].append(mixed(inputs | members(m), isab, options))
            inputs = {
                "Z": leaf(batch, m, d), "S": leaf(n, d), "feedForward/W": leaf(d, d), "feedForward/b": leaf(d),
            } | block(d, "block/", norm)
            cases["pma"].append(mixed(inputs | members(m), pma, options))
    return cases


def object_queries(X, queries, image, heads, mask=None, **p):
    """DetrCrossAttention with DetrSinePositionEmbedding."""
    batch, height, width, d = image.shape
    config = DetrConfig(d_model=d, attn_implementation="eager")
    module = DetrCrossAttention(config, d, heads).eval()
    state = {}
    for name, letter in [("q_proj", "Q"), ("k_proj", "K"), ("v_proj", "V"), ("o_proj", "O")]:
        state |= {f"{name}.weight": p["W" + letter].T, f"{name}.bias": p["b" + letter]}
    sine = DetrSinePositionEmbedding(d // 2, normalize=True)
    positions = sine((batch, d, height, width), "cpu", torch.float64).flatten(2).transpose(1, 2)
    hidden = None
    if mask is not None:
        hidden = torch.zeros(batch, 1, 1, height * width).masked_fill(mask.reshape(batch, 1, 1, -1) == 0, float("-inf"))
    context, weights = functional_call(module, state, (X, image.flatten(1, 2)), {
        "attention_mask": hidden, "position_embeddings": queries, "encoder_position_embeddings": positions,
    })
    return {"context": context, "weights": weights}


def object_query_cases():
    cases = []
    for batch, n, height, width, d, heads in [(1, 1, 1, 1, 4, 1), (2, 3, 3, 2, 8, 2), (1, 5, 2, 5, 4, 2)]:
        for masked in (False, True):
            inputs = {"X": leaf(batch, n, d), "queries": leaf(n, d), "image": leaf(batch, height, width, d)}
            if masked:
                inputs["mask"] = (torch.arange(width) < max(1, width - 1)).expand(batch, height, width).double()
            cases.append(mixed(inputs | projections(d), object_queries, {"heads": heads}))
    return cases


def image_position_cases():
    cases = []
    for height, width, d, normalise in [(1, 1, 4, True), (3, 5, 8, True), (4, 2, 12, False)]:
        sine = DetrSinePositionEmbedding(d // 2, normalize=normalise)
        positions = sine((1, d, height, width), "cpu", torch.float64)[0].permute(1, 2, 0)
        options = {"height": height, "width": width, "dModel": d, "normalise": normalise}
        cases.append({"options": options, "positions": numbers(positions)})
    return cases


def hungarian_cases():
    cases = []
    for rows, columns in [(1, 1), (3, 3), (5, 8), (9, 4), (12, 12), (20, 7)]:
        cost = torch.randn(rows, columns).numpy()
        pairs = [[int(i), int(j)] for i, j in zip(*linear_sum_assignment(cost))]
        cases.append({"cost": cost.tolist(), "pairs": pairs})
    return cases


def set_prediction(logits, boxes, objects, l1, giou, noObject):
    """ImageLoss with HungarianMatcher, as DetrForObjectDetection weighs its parts."""
    matcher = HungarianMatcher(class_cost=1, bbox_cost=l1, giou_cost=giou)
    criterion = ImageLoss(matcher, logits.shape[2] - 1, noObject, ["labels", "boxes"])
    targets = [
        {"class_labels": torch.tensor(o["classes"]).long(), "boxes": torch.tensor(o["boxes"]).reshape(-1, 4)}
        for o in objects
    ]
    loss = criterion({"logits": logits, "pred_boxes": boxes}, targets)
    total = loss["loss_ce"] + l1 * loss["loss_bbox"] + giou * loss["loss_giou"]
    return {"loss": total, "class": loss["loss_ce"], "l1": loss["loss_bbox"], "giou": loss["loss_giou"]}


def set_prediction_cases():
    cases = []
    for n, classes, counts in [(1, 1, [1]), (5, 3, [2, 0, 4]), (7, 2, [3, 1]), (3, 4, [5])]:
        objects = [
            {
                "classes": torch.randint(0, classes, (count,)).tolist(),
                "boxes": (torch.rand(count, 4) * 0.5 + 0.1).tolist(),
            }
            for count in counts
        ]
        boxes = (torch.rand(len(counts), n, 4) * 0.5 + 0.1).requires_grad_()
        inputs = {"logits": leaf(len(counts), n, classes + 1), "boxes": boxes}
        options = {"objects": objects, "l1": 5, "giou": 2, "noObject": 0.1}
        cases.append(case(inputs, {}, set_prediction, options))
    return cases


def mlp_state(p, name, to):
    return {
        f"{to}.0.weight": p[name + "/W1"].T, f"{to}.0.bias": p[name + "/b1"],
        f"{to}.2.weight": p[name + "/W2"].T, f"{to}.2.bias": p[name + "/b2"],
    }


def mlp(inputs, outputs):
    return torch.nn.Sequential(
        torch.nn.Linear(inputs, outputs), torch.nn.ReLU(), torch.nn.Linear(outputs, outputs)
    )


def point(x, positions, neighbours, phi, psi, alpha, **p):
    """PointTransformerConv, one example after another, on the edges from neighbour to point."""
    d = phi.shape[1]
    module = PointTransformerConv(x.shape[2], d, mlp(positions.shape[2], d), mlp(d, d), add_self_loops=False)
    state = {"lin.weight": alpha.T, "lin_src.weight": psi.T, "lin_dst.weight": phi.T}
    state |= mlp_state(p, "theta", "pos_nn") | mlp_state(p, "gamma", "attn_nn")
    contexts = []
    for example in range(x.shape[0]):
        edges = [
            (int(source), target)
            for target, sources in enumerate(neighbours[example]) for source in sources if source >= 0
        ]
        edges = torch.tensor(edges).long().T
        contexts.append(functional_call(module, state, (x[example], positions[example], edges)))
    return {"context": torch.stack(contexts)}


def point_cases():
    cases = []
    for batch, n, k, depth, d, dimensions in [(1, 1, 1, 2, 3, 3), (2, 5, 3, 3, 4, 3), (1, 7, 4, 2, 3, 2)]:
        neighbours = torch.stack([
            torch.stack([torch.randperm(n)[:k] for _ in range(n)]) for _ in range(batch)
        ]).double()
        if k > 1:
            neighbours[0, 0, -1] = -1
        inputs = {
            "x": leaf(batch, n, depth), "positions": leaf(batch, n, dimensions), "phi": leaf(depth, d),
            "psi": leaf(depth, d), "alpha": leaf(depth, d), "neighbours": neighbours,
        }
        for name, size in [("theta", dimensions), ("gamma", d)]:
            inputs |= {
                name + "/W1": leaf(size, d), name + "/b1": leaf(d),
                name + "/W2": leaf(d, d),
                # γ's last bias shifts all logits of a channel alike: its gradient is 0.
                name + "/b2": torch.randn(d) if name == "gamma" else leaf(d),
            }
        cases.append(mixed(inputs, point, {}))
    return cases


def sinkhorn(logits, iterations):
    return {"sorting": sinkhorn_package.sinkhorn_sorting_operator(logits, iterations)}


class Given(torch.nn.Module):
    """A sorting network of the package's interface whose answer is known."""

    def __init__(self, sorting):
        super().__init__()
        self.sorting = sorting

    def forward(self, query, keys, topk=1):
        return self.sorting


def scores(keys, W, b, noise, block, temperature):
    """(ψ W + b + ε) / τ: [batch · heads, blocks, blocks]."""
    lead, (length, d) = keys.shape[:-2], keys.shape[-2:]
    blocks = length // block
    psi = torch.stack([chunk.sum(-2) for chunk in keys.split(block, -2)], -2)
    logits = (psi @ W + b)[..., :blocks] + noise
    return (logits / temperature).reshape(-1, blocks, blocks)


def sinkhorn_attention(query, keys, values, W, b, noise, block, temperature, iterations):
    """The package's SinkhornAttention. It sorts the keys in place of the values: with keys [K ‖ V] for both,
    and queries [Q ‖ 0], the columns of V come out right."""
    batch, heads, length, d = query.shape
    R = sinkhorn_package.sinkhorn_sorting_operator(scores(keys, W, b, noise, block, temperature), iterations)
    both = torch.cat([keys, values], -1)
    wide = both.shape[-1]
    module = sinkhorn_package.SinkhornAttention(block, heads * wide, wide, heads, length, non_permutative=False)
    module.sort_net = Given(R)
    scaled = torch.cat([query, torch.zeros_like(values)], -1) * (wide / d) ** 0.5
    return {"context": module(scaled, both, both)[..., d:], "sorting": R.reshape(*query.shape[:2], *R.shape[1:])}


def sortcut(query, keys, values, W, b, noise, block, temperature, iterations, budget):
    batch, heads, length, d = keys.shape
    R = sinkhorn_package.sinkhorn_sorting_operator(scores(keys, W, b, noise, block, temperature), iterations)
    module = sinkhorn_package.SinkhornAttention(
        query.shape[2], heads * d, d, heads, length, non_permutative=False, kv_bucket_size=block, n_sortcut=budget
    )
    module.sort_net = Given(R)
    return {"context": module(query, keys, values), "sorting": R.reshape(batch, heads, *R.shape[1:])}


def causal_sinkhorn(query, keys, values, W, b, noise, block, temperature):
    """Query by query, from the formula: the package's causal version takes one block, and learned null keys."""
    batch, heads, length, d = query.shape
    context = torch.zeros_like(values)
    for example in range(batch):
        for head in range(heads):
            q, k, v = query[example, head], keys[example, head], values[example, head]
            rows = []
            for t in range(length):
                place, inside = divmod(t, block)
                seen_k, seen_v = k[place * block : t + 1], v[place * block : t + 1]
                if place > 0:
                    psi = k[: place * block + 1].sum(0)
                    logits = (psi @ W + b)[:place] + noise[example, head, place, :place]
                    R = torch.softmax(logits / temperature, 0)
                    far_k = sum(R[j] * k[j * block : (j + 1) * block] for j in range(place))
                    far_v = sum(R[j] * v[j * block : (j + 1) * block] for j in range(place))
                    seen_k, seen_v = torch.cat([far_k, seen_k]), torch.cat([far_v, seen_v])
                rows.append(torch.softmax(seen_k @ q[t] / d**0.5, 0) @ seen_v)
            context = context.index_put((torch.tensor(example), torch.tensor(head)), torch.stack(rows))
    return {"context": context}


def sinkhorn_cases():
    cases = {"sinkhorn": [], "sinkhorn-attention": [], "sinkhorn-causal": [], "sortcut-sinkhorn": []}
    for batch, n, iterations in [(1, 1, 1), (2, 3, 5), (1, 5, 8)]:
        cases["sinkhorn"].append(case({"logits": leaf(batch, n, n, scale=2)}, {}, sinkhorn, {"iterations": iterations}))
    for batch, heads, blocks, block, d, budget in [(1, 1, 2, 1, 2, 1), (2, 2, 3, 2, 3, 2), (1, 2, 3, 3, 4, 3)]:
        length = blocks * block
        def fresh(queries=length):
            return {
                "query": leaf(batch, heads, queries, d), "keys": leaf(batch, heads, length, d),
                "values": leaf(batch, heads, length, d), "W": leaf(d, blocks + 1), "b": leaf(blocks + 1),
                "noise": -torch.log(-torch.log(torch.rand(batch, heads, blocks, blocks))),
            }
        options = {"block": block, "temperature": 0.75, "iterations": 6}
        cases["sinkhorn-attention"].append(mixed(fresh(), sinkhorn_attention, options))
        cases["sortcut-sinkhorn"].append(mixed(fresh(4), sortcut, options | {"budget": budget}))
        cases["sinkhorn-causal"].append(mixed(fresh(), causal_sinkhorn, {"block": block, "temperature": 1.5}))
    return cases


def routing(query, keys, values, centroids, window, causal, decay):
    """KmeansAttention with given centroids and, as in our version, without memory keys."""
    batch, heads, length, d = query.shape
    module = routing_package.KmeansAttention(
        centroids.shape[1], window, heads, d, causal=causal, ema_decay=decay, shared_qk=keys is None
    )
    module.num_mem_kv = 0
    module.mem_key = torch.nn.Parameter(torch.zeros(heads, centroids.shape[1], 0, d))
    module.mem_value = torch.nn.Parameter(torch.zeros(heads, centroids.shape[1], 0, d))
    module.kmeans.means.copy_(centroids)
    module.kmeans.initted.fill_(True)
    context, _ = module(query, query if keys is None else keys, values)
    module.kmeans.update()
    return {"context": context, "moved": module.kmeans.means.clone()}


def sees_nothing(query, keys, centroids, window):
    """Whether some query has only later keys in one of its clusters: there the package's weights are even."""
    dists = [routing_package.similarity(F.normalize(x, dim=-1), centroids) for x in (query, keys)]
    q, k = [x.topk(window, dim=-2).indices for x in dists]
    return bool((q.min(-2).values < k.min(-2).values).any())


def routing_cases():
    # The package divides by counts + 1e-5; we by counts.
    routing_package.scatter_mean = partial(routing_package.scatter_mean, eps=1e-12)
    cases = []
    for batch, heads, length, d, clusters, window, causal, shared in [
        (1, 1, 1, 2, 1, 1, False, False), (2, 2, 5, 3, 2, 3, False, False), (1, 2, 7, 4, 3, 4, True, False),
        (2, 1, 6, 3, 2, 6, True, False), (1, 2, 7, 3, 3, 3, True, True), (2, 1, 5, 3, 2, 3, False, True),
    ]:
        while True:
            inputs = {
                "query": leaf(batch, heads, length, d), "keys": leaf(batch, heads, length, d),
                "values": leaf(batch, heads, length, d), "centroids": F.normalize(torch.randn(heads, clusters, d), dim=-1),
            }
            if not causal or shared or not sees_nothing(inputs["query"], inputs["keys"], inputs["centroids"], window):
                break
        options = {"window": window, "causal": causal, "decay": 0.75}
        if shared:
            inputs["keys"] = None
            tensors = {name: value for name, value in inputs.items() if value is not None}
            cases.append(mixed(tensors, partial(routing, keys=None), options))
        else:
            cases.append(mixed(inputs, routing, options))
    return cases


if __name__ == "__main__":
    geometric = {"torch_geometric": torch_geometric.__version__}
    write("graph", graph_cases(), **geometric)
    write("graph-self-attention", graph_self_attention_cases(), **geometric)
    for name, cases in set_cases().items():
        write(name, cases, **geometric)
    hugging_face = {"transformers": transformers.__version__}
    write("object-queries", object_query_cases(), **hugging_face)
    write("image-positions", image_position_cases(), **hugging_face)
    write("set-prediction-loss", set_prediction_cases(), **hugging_face)
    write("hungarian", hungarian_cases(), scipy=scipy.__version__)
    write("point", point_cases(), **geometric)
    for name, cases in sinkhorn_cases().items():
        write(name, cases, **{"sinkhorn-transformer": version("sinkhorn-transformer")})
    write("routing", routing_cases(), **{"routing-transformer": version("routing-transformer")})
