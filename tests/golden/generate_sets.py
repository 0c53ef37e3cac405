"""Attention on graphs, sets, points, images of objects; Sinkhorn and routing: torch_geometric,
transformers, scipy, sinkhorn-transformer and routing-transformer."""
import torch
import torch_geometric
from common import case, leaf, numbers, write
from torch.func import functional_call
from torch_geometric.nn import GATConv, GATv2Conv, TransformerConv

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


if __name__ == "__main__":
    geometric = {"torch_geometric": torch_geometric.__version__}
    write("graph", graph_cases(), **geometric)
    write("graph-self-attention", graph_self_attention_cases(), **geometric)
