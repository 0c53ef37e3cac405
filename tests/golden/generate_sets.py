"""Attention on graphs, sets, points, images of objects; Sinkhorn and routing: torch_geometric,
transformers, scipy, sinkhorn-transformer and routing-transformer."""
import scipy
import torch
import torch_geometric
import transformers
from common import case, leaf, numbers, write
from scipy.optimize import linear_sum_assignment
from torch.func import functional_call
from torch_geometric.nn import GATConv, GATv2Conv, TransformerConv
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
