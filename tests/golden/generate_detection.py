"""Detection: a small DETR of transformers' layers, and the average precision of pycocotools."""
import contextlib
import io
from importlib.metadata import version

import numpy
import torch
import torch.nn.functional as F
import transformers
from common import case, leaf, write
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch.func import functional_call
from transformers import DetrConfig
from transformers.models.detr.modeling_detr import (
    DetrDecoderLayer, DetrEncoderLayer, DetrMLPPredictionHead, DetrSinePositionEmbedding,
)

torch.manual_seed(2020)


def attention_state(p, name, to):
    state = {}
    for module, letter in [("q_proj", "Q"), ("k_proj", "K"), ("v_proj", "V"), ("o_proj", "O")]:
        state |= {f"{to}.{module}.weight": p[f"{name}/W{letter}"].T, f"{to}.{module}.bias": p[f"{name}/b{letter}"]}
    return state


def layer_state(p, name, to, decoder):
    state = attention_state(p, f"{name}/attention", f"{to}self_attn")
    pairs = [("attentionNorm", "self_attn_layer_norm"), ("feedForwardNorm", "final_layer_norm")]
    if decoder:
        state |= attention_state(p, f"{name}/crossAttention", f"{to}encoder_attn")
        pairs.append(("crossNorm", "encoder_attn_layer_norm"))
    for ours, theirs in pairs:
        state |= {f"{to}{theirs}.weight": p[f"{name}/{ours}/gain"], f"{to}{theirs}.bias": p[f"{name}/{ours}/bias"]}
    for i in "12":
        state |= {f"{to}mlp.fc{i}.weight": p[f"{name}/feedForward/W{i}"].T, f"{to}mlp.fc{i}.bias": p[f"{name}/feedForward/b{i}"]}
    return state


def layer_leaves(d, hidden, name, decoder):
    p = {}
    for attention in ["attention"] + (["crossAttention"] if decoder else []):
        for letter in "QKVO":
            p |= {f"{name}/{attention}/W{letter}": leaf(d, d, scale=0.4), f"{name}/{attention}/b{letter}": leaf(d, scale=0.3)}
    for norm in ["attentionNorm", "feedForwardNorm"] + (["crossNorm"] if decoder else []):
        p |= {f"{name}/{norm}/gain": leaf(d), f"{name}/{norm}/bias": leaf(d, scale=0.3)}
    sizes = {"W1": (d, hidden), "b1": (hidden,), "W2": (hidden, d), "b2": (d,)}
    return p | {f"{name}/feedForward/{k}": leaf(*size, scale=0.4) for k, size in sizes.items()}


def detr(features, heads, dHidden, encoderLayers, decoderLayers, **p):
    """DetrEncoderLayer, DetrDecoderLayer and DetrMLPPredictionHead, put together as by the paper's authors."""
    batch, height, width, _ = features.shape
    d = p["project/W"].shape[1]
    config = DetrConfig(
        d_model=d, encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=dHidden,
        decoder_ffn_dim=dHidden, encoder_layers=encoderLayers, decoder_layers=decoderLayers, dropout=0,
        attention_dropout=0, activation_dropout=0, activation_function="relu", attn_implementation="eager",
    )
    sine = DetrSinePositionEmbedding(d // 2, normalize=True)
    P = sine((batch, d, height, width), "cpu", torch.float64).flatten(2).transpose(1, 2)
    x = (features @ p["project/W"] + p["project/b"]).flatten(1, 2)
    for i in range(encoderLayers):
        state = layer_state(p, f"encoder/{i}", "", False)
        x = functional_call(DetrEncoderLayer(config).eval(), state, (x, None), {"spatial_position_embeddings": P})
        x = x[0] if isinstance(x, tuple) else x
    # DetrDecoder itself feeds each normalised answer to the next layer if all layers answer; the paper's
    # authors do not (models/transformer.py of facebookresearch/detr). So its layers, one by one.
    norm = (p["decoder/norm/gain"], p["decoder/norm/bias"])
    queries = p["decoder/queries"].expand(batch, -1, -1)
    hidden, states = torch.zeros_like(queries), []
    for i in range(decoderLayers):
        state = layer_state(p, f"decoder/layers/{i}", "", True)
        hidden = functional_call(DetrDecoderLayer(config).eval(), state, (hidden,), {
            "spatial_position_embeddings": P, "object_queries_position_embeddings": queries, "encoder_hidden_states": x,
        })
        states.append(F.layer_norm(hidden, (d,), *norm))
    states = torch.stack(states)
    head = DetrMLPPredictionHead(d, d, 4, 3)
    boxes = {}
    for i in range(3):
        boxes |= {f"layers.{i}.weight": p[f"box/{i}/W"].T, f"layers.{i}.bias": p[f"box/{i}/b"]}
    return {
        "logits": states @ p["class/W"] + p["class/b"],
        "boxes": functional_call(head, boxes, (states,)).sigmoid(),
    }


def detr_cases():
    cases = []
    for batch, height, width, channels, d, heads, hidden, n, classes, encoder, decoder in [
        (1, 1, 2, 3, 4, 1, 5, 2, 1, 0, 1), (2, 2, 3, 5, 8, 2, 7, 3, 2, 1, 2),
    ]:
        p = {"project/W": leaf(channels, d), "project/b": leaf(d, scale=0.3)}
        for i in range(encoder):
            p |= layer_leaves(d, hidden, f"encoder/{i}", False)
        p["decoder/queries"] = leaf(n, d)
        for i in range(decoder):
            p |= layer_leaves(d, hidden, f"decoder/layers/{i}", True)
        p |= {"decoder/norm/gain": leaf(d), "decoder/norm/bias": leaf(d, scale=0.3)}
        p |= {"class/W": leaf(d, classes + 1), "class/b": leaf(classes + 1)}
        for i, size in enumerate([d, d, 4]):
            p |= {f"box/{i}/W": leaf(d, size, scale=0.5), f"box/{i}/b": leaf(size, scale=0.3)}
        inputs = {"features": leaf(batch, height, width, channels)} | p
        # Of these the gradient is 0, and only rounding is left: what is added to all keys alike changes no
        # weight, and in the first layer X is 0, so that all values are alike.
        idle = [f"decoder/layers/0/attention/{name}" for name in ["WQ", "WK", "WV", "bQ"]]
        constants = {
            name: inputs.pop(name).detach() for name in list(inputs) if name.endswith("/bK") or name in idle
        }
        options = {"heads": heads, "dHidden": hidden, "encoderLayers": encoder, "decoderLayers": decoder}
        cases.append(case(inputs, constants, detr, options))
    return cases


def coco(objects, found, thresholds):
    """COCOeval without its crowds and sizes; boxes as corner, width, height."""
    corner = lambda b: [b[0] - b[2] / 2, b[1] - b[3] / 2, b[2], b[3]]
    images = [{"id": i + 1} for i in range(len(objects))]
    annotations = [
        {"image_id": i + 1, "category_id": c, "bbox": corner(b), "area": b[2] * b[3], "iscrowd": 0}
        for i, o in enumerate(objects) for c, b in zip(o["classes"], o["boxes"])
    ]
    for i, one in enumerate(annotations):
        one["id"] = i + 1
    categories = [{"id": c} for c in sorted({a["category_id"] for a in annotations})]
    results = [
        {"image_id": i + 1, "category_id": c, "bbox": corner(b), "score": s}
        for i, f in enumerate(found) for c, b, s in zip(f["classes"], f["boxes"], f["scores"])
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": images, "annotations": annotations, "categories": categories, "info": {}}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.params.iouThrs = numpy.array(thresholds)
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # all areas, 100 finds
    return float(precision[precision > -1].mean())


def average_precision_cases():
    cases = []
    for images, classes, objects, extra, shift in [(1, 1, 3, 2, 0.02), (6, 3, 4, 3, 0.03), (20, 2, 3, 5, 0.06)]:
        truth, found = [], []
        for _ in range(images):
            boxes = torch.rand(objects, 4) * 0.4 + 0.2
            labels = torch.randint(0, classes, (objects,))
            moved = torch.cat([boxes, boxes[:1], torch.rand(extra, 4) * 0.4 + 0.2])
            moved = moved + torch.randn_like(moved) * shift
            told = torch.cat([labels, labels[:1], torch.randint(0, classes, (extra,))])
            wrong = torch.rand(told.shape) < 0.2
            told = torch.where(wrong, torch.randint(0, classes, told.shape), told)
            truth.append({"classes": labels.tolist(), "boxes": boxes.tolist()})
            found.append({"classes": told.tolist(), "boxes": moved.clamp(min=0.05).tolist(), "scores": torch.rand(len(told)).tolist()})
        for thresholds in ([0.5], [round(0.5 + 0.05 * k, 2) for k in range(10)]):
            cases.append({
                "objects": truth, "found": found, "thresholds": thresholds,
                "precision": coco(truth, found, thresholds),
            })
    return cases


if __name__ == "__main__":
    write("detr", detr_cases(), transformers=transformers.__version__)
    write("average-precision", average_precision_cases(), pycocotools=version("pycocotools"))
