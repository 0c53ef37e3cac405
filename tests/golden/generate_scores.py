"""The mechanisms of the recurrent era. From libraries: OpenNMT-py (dot, general, concat, attentional
state), ESPnet (location-sensitive), PyTorch (cosine_similarity, nn.LSTM, distributions.Categorical).
Where there is none (local attention, LSTMN), the papers' formulas, one example and one step at a time.

Needs, besides requirements.txt: pip install --no-deps espnet==202511 OpenNMT-py==3.5.1
"""
import sys
import types
from importlib.metadata import distribution, version

import torch
from common import case, leaf, write
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cosine_similarity, linear

from espnet.nets.pytorch_backend.rnn.attentions import AttLoc

# OpenNMT-py without what its __init__ files import (tokenizers, training): only the folders.
for package in ("onmt", "onmt.modules", "onmt.utils"):
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [str(distribution("OpenNMT-py").locate_file(package.replace(".", "/")))]
from onmt.modules.global_attention import GlobalAttention  # noqa: E402

torch.manual_seed(2015)
OPENNMT = {"OpenNMT-py": version("OpenNMT-py")}
ESPNET = {"espnet": version("espnet")}


def softmax_rows(logits, mask):
    """exp over the visible keys, divided by its sum."""
    if mask is not None:
        logits = logits.masked_fill((mask == 0).expand_as(logits), float("-inf"))
    return torch.softmax(logits, -1)


def random_mask(batch, keys):
    mask = (torch.rand(batch, 1, keys) > 0.4).double()
    mask[..., 0] = 1
    return mask


def padding(lengths, keys):
    return (torch.arange(keys)[None] < torch.tensor(lengths)[:, None]).double()


SIZES = [(1, 1, 1, 2), (2, 3, 5, 4), (3, 4, 7, 3)]  # batch, queries, keys, depth


def with_masks(fresh, function, options=None):
    """Each size, without and with a mask."""
    cases = []
    for batch, queries, keys, depth in SIZES:
        for masked in (False, True):
            if masked and keys == 1:
                continue
            constants = {"mask": random_mask(batch, keys)} if masked else {}
            cases.append(case(fresh(batch, queries, keys, depth), constants, function, options))
    return cases


# --- content-based -------------------------------------------------------------------------------


def content_based(query, keys, values, beta, mask=None):
    similarity = cosine_similarity(query[:, :, None], keys[:, None], dim=-1)
    weights = softmax_rows(beta * similarity, mask)
    return {"context": weights @ values, "weights": weights}


def content_based_inputs(batch, queries, keys, depth):
    return {
        "query": leaf(batch, queries, depth), "keys": leaf(batch, keys, depth),
        "values": leaf(batch, keys, depth + 1), "beta": (torch.rand(batch, queries, 1) * 5).requires_grad_(),
    }


# --- Luong's scores and attentional state, by OpenNMT-py --------------------------------------------


def opennmt(kind, query, keys, parameters):
    """OpenNMT-py keeps query, keys, values and outputs at one depth, and the keys are the values."""
    module = GlobalAttention(query.shape[-1], attn_type=kind)
    attentional, weights = functional_call(module, parameters, (query, keys))
    return {"weights": weights, "attentional": attentional}


def global_dot(query, keys, WC):
    return opennmt("dot", query, keys, {"linear_out.weight": WC.T})


def global_general(query, keys, W, WC):
    return opennmt("general", query, keys, {"linear_in.weight": W.T, "linear_out.weight": WC.T})


def concat(query, keys, W, v):
    """OpenNMT-py's "mlp"; its output layer is no part of this."""
    depth = query.shape[-1]
    parameters = {
        "linear_query.weight": W[:depth].T, "linear_query.bias": torch.zeros(depth),
        "linear_context.weight": W[depth:].T, "v.weight": v[None],
    }
    return {"weights": opennmt("mlp", query, keys, parameters)["weights"]}


def luong_cases(function, *names):
    cases = []
    for batch, queries, keys, d in SIZES:
        shapes = {"W": (d, d), "WC": (2 * d, d), "concat": (2 * d, d), "v": (d,)}
        inputs = {"query": leaf(batch, queries, d), "keys": leaf(batch, keys, d)}
        for name in names:
            inputs[name.replace("concat", "W")] = leaf(*shapes[name])
        cases.append(case(inputs, {}, function))
    return cases


def general(query, keys, values, W, mask=None):
    """nn.functional.bilinear over every pair; depths of query and keys differ."""
    batch, queries, _ = query.shape
    length = keys.shape[1]
    left = query[:, :, None].expand(-1, -1, length, -1).reshape(-1, query.shape[-1])
    right = keys[:, None].expand(-1, queries, -1, -1).reshape(-1, keys.shape[-1])
    logits = nn.functional.bilinear(left, right, W[None]).view(batch, queries, length)
    weights = softmax_rows(logits, mask)
    return {"context": weights @ values, "weights": weights}


def general_inputs(batch, queries, keys, depth):
    return {
        "query": leaf(batch, queries, depth), "keys": leaf(batch, keys, depth + 2),
        "values": leaf(batch, keys, 3), "W": leaf(depth, depth + 2),
    }


def dot_product(query, keys, values, mask=None):
    attend = nn.functional.scaled_dot_product_attention
    visible = None if mask is None else mask != 0
    identity = torch.eye(keys.shape[-2]).expand(*keys.shape[:-1], keys.shape[-2])
    context, weights = (attend(query, keys, v, attn_mask=visible, scale=1.0) for v in (values, identity))
    return {"context": context, "weights": weights}


def dot_product_inputs(batch, queries, keys, depth):
    return {
        "query": leaf(batch, queries, depth), "keys": leaf(batch, keys, depth), "values": leaf(batch, keys, 3),
    }


# --- location-based --------------------------------------------------------------------------------


def location_based(query, values, W, mask=None):
    keys, table = values.shape[1], W.shape[1]
    logits = linear(query, W.T)[..., :keys]
    visible = torch.ones(1, 1, logits.shape[-1]) if mask is None else mask[..., :table]
    weights = softmax_rows(logits, visible)
    weights = torch.cat([weights, torch.zeros(*weights.shape[:2], keys - weights.shape[-1])], -1)
    return {"context": weights @ values, "weights": weights}


def location_based_cases():
    cases = []
    for table in (7, 4):  # at least as long as every sequence; shorter than some
        cases += with_masks(
            lambda batch, queries, keys, depth: {
                "query": leaf(batch, queries, depth), "values": leaf(batch, keys, 2), "W": leaf(depth, table),
            },
            location_based,
        )
    return cases


# --- local attention: one example, one query, one position at a time ---------------------------------


def local(query, keys, D, lengths, centre, gaussian):
    """Rows over all keys, 0 outside the window, so that gathering windows is not what is repeated."""
    batch, queries, _ = query.shape
    rows = []
    for b in range(batch):
        for t in range(queries):
            p = centre(b, t)
            middle = int(torch.round(p.detach()))
            window = [s for s in range(middle - D, middle + D + 1) if 0 <= s < lengths[b]]
            scores = torch.stack([query[b, t] @ keys[b, s] for s in window]).exp()
            row = [torch.zeros(())] * keys.shape[1]
            for s, align in zip(window, scores / scores.sum()):
                row[s] = align * torch.exp(-((s - p) ** 2) / (2 * (D / 2) ** 2)) if gaussian else align
            rows.append(torch.stack(row))
    return torch.stack(rows).view(batch, queries, -1)


def local_monotonic(query, keys, values, D, lengths, first):
    def centre(b, t):
        return torch.tensor(float(min(first + t, lengths[b] - 1)))

    weights = local(query, keys, D, lengths, centre, gaussian=False)
    return {"context": torch.bmm(weights, values), "weights": weights}


def local_predictive(query, keys, values, W, v, D, lengths):
    positions = torch.stack([
        torch.stack([length * torch.sigmoid(v @ torch.tanh(W.T @ state)) for state in example])
        for length, example in zip(lengths, query)
    ])
    weights = local(query, keys, D, lengths, lambda b, t: positions[b, t], gaussian=True)
    return {"context": torch.bmm(weights, values), "weights": weights, "position": positions}


def local_cases(function, predictive):
    cases = []
    for queries, keys, depth, D, lengths in [
        (1, 1, 2, 1, [1]), (4, 5, 3, 1, [5, 3]), (5, 9, 2, 2, [9, 4, 7]), (3, 6, 4, 10, [6]),
    ]:
        batch = len(lengths)
        inputs = dot_product_inputs(batch, queries, keys, depth)
        options = {"D": D, "lengths": lengths}
        if predictive:
            inputs |= {"W": leaf(depth, 3), "v": leaf(3)}
        else:
            options["first"] = D - 1
        mask = padding(lengths, keys)[:, None]
        cases.append(case(inputs, {"mask": mask}, lambda mask, **rest: function(**rest), options))
    return cases


# --- location-sensitive, by ESPnet ------------------------------------------------------------------


def location_sensitive(query, keys, W, V, F, U, b, w, lengths, sharpening):
    """AttLoc, called step after step. Its first weights are made zeros, as ours are."""
    width, filters = F.shape
    module = AttLoc(keys.shape[2], query.shape[2], W.shape[1], filters, (width - 1) // 2)
    parameters = {
        "mlp_enc.weight": V.T, "mlp_enc.bias": b, "mlp_dec.weight": W.T, "mlp_att.weight": U.T,
        "loc_conv.weight": F.T[:, None, None], "gvec.weight": w[None], "gvec.bias": torch.zeros(1),
    }
    previous = torch.zeros(keys.shape[0], keys.shape[1])
    contexts, weights = [], []
    for state in query.unbind(1):
        module.reset()
        context, previous = functional_call(
            module, parameters, (keys, torch.tensor(lengths), state, previous), {"scaling": sharpening})
        contexts.append(context)
        weights.append(previous)
    return {"context": torch.stack(contexts, 1), "weights": torch.stack(weights, 1)}


def location_sensitive_inputs(batch, queries, keys, query_depth, key_depth, d, width, filters):
    return {
        "query": leaf(batch, queries, query_depth), "keys": leaf(batch, keys, key_depth),
        "W": leaf(query_depth, d), "V": leaf(key_depth, d), "F": leaf(width, filters),
        "U": leaf(filters, d), "b": leaf(d), "w": leaf(d),
    }


def location_sensitive_cases():
    cases = []
    for sizes, lengths, sharpening in [
        ((1, 1, 1, 2, 3, 4, 3, 2), [1], 1), ((2, 3, 5, 4, 3, 2, 5, 3), [5, 2], 1),
        ((1, 4, 7, 2, 2, 3, 1, 1), [7], 2), ((3, 2, 4, 3, 2, 5, 9, 2), [4, 1, 3], 0.5),
    ]:
        constants = {"mask": padding(lengths, sizes[2])[:, None]}
        cases.append(case(
            location_sensitive_inputs(*sizes), constants,
            lambda mask, **rest: location_sensitive(**rest), {"lengths": lengths, "sharpening": sharpening}))
    return cases


def smoothing(query, keys, W, V, F, U, b, w):
    """Two steps, written with torch.nn.functional.conv1d; sigmoids divided by their sum."""
    previous = torch.zeros(keys.shape[0], 1, keys.shape[1])
    weights = []
    for state in query.unbind(1):
        f = nn.functional.conv1d(previous, F.T[:, None], padding=F.shape[0] // 2).transpose(1, 2)
        e = torch.tanh((state @ W)[:, None] + keys @ V + f @ U + b) @ w
        previous = (torch.sigmoid(e) / torch.sigmoid(e).sum(-1, keepdim=True))[:, None]
        weights.append(previous)
    weights = torch.cat(weights, 1)
    return {"context": weights @ keys, "weights": weights}


def smoothing_cases():
    return [case(location_sensitive_inputs(2, 3, 5, 4, 3, 2, 3, 2), {}, smoothing)]


# --- Show, Attend and Tell ---------------------------------------------------------------------------


def soft(logits, values, W, b, query, steps):
    """Gate and penalty too; steps: how many of each example count."""
    weights = torch.softmax(logits, -1)
    gate = torch.sigmoid(query @ W + b)
    penalty = sum(
        (1 - sum(weights[n, t, i] for t in range(steps[n]))) ** 2
        for n in range(weights.shape[0]) for i in range(weights.shape[2])
    ) / weights.shape[0]
    context = torch.einsum("nti,nid->ntd", weights, values)
    return {"context": context, "weights": weights, "gated": gate * context, "penalty": penalty}


def soft_cases():
    cases = []
    for batch, queries, keys, depth in SIZES:
        inputs = {
            "logits": leaf(batch, queries, keys), "values": leaf(batch, keys, depth),
            "W": leaf(depth, 1), "b": leaf(1), "query": leaf(batch, queries, depth),
        }
        steps = [1 + n % queries for n in range(batch)]
        mask = padding(steps, queries)
        cases.append(case(inputs, {"mask": mask}, lambda mask, **rest: soft(**rest), {"steps": steps}))
    return cases


def reinforce(logits, values, sample, target, baseline, reward, bonus):
    """torch.distributions.Categorical for log p(s) and H[s]; log p(y|s) is minus a squared distance."""
    policy = torch.distributions.Categorical(logits=logits)
    drawn = sample.argmax(-1)
    context = values.gather(1, drawn[..., None].expand(-1, -1, values.shape[-1]))
    log_likelihood = -((context - target) ** 2).sum((1, 2))
    log_probability = policy.log_prob(drawn).sum(1)
    entropy = policy.entropy().sum(1)
    score = reward * (log_likelihood - baseline).detach() * log_probability
    return {
        "loss": -(log_likelihood + score + bonus * entropy).mean(),
        "logProbability": policy.log_prob(drawn), "entropy": policy.entropy(),
    }


def reinforce_cases():
    cases = []
    for (batch, queries, keys, depth), reward, bonus in zip(SIZES[1:], (1, 0.5), (0, 0.1)):
        inputs = {"logits": leaf(batch, queries, keys, scale=2), "values": leaf(batch, keys, depth)}
        constants = {
            "sample": nn.functional.one_hot(torch.randint(keys, (batch, queries)), keys).double(),
            "target": torch.randn(batch, queries, depth),
        }
        cases.append(case(inputs, constants, reinforce, {"baseline": -2.5, "reward": reward, "bonus": bonus}))
    return cases


# --- LSTM and LSTMN ----------------------------------------------------------------------------------


def lstm(x, W, b, h, c, lengths):
    """nn.LSTM on packed sequences, which end at their lengths."""
    depth, units = x.shape[2], h.shape[1]
    weight = W.T
    parameters = {
        "weight_ih_l0": weight[:, :depth], "weight_hh_l0": weight[:, depth:],
        "bias_ih_l0": b, "bias_hh_l0": torch.zeros(4 * units),
    }
    module = nn.LSTM(depth, units, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, (h_last, c_last) = functional_call(module, parameters, (packed, (h[None], c[None])))
    states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
    return {"states": states, "h": h_last[0], "c": c_last[0]}


def lstm_cases():
    cases = []
    for depth, units, lengths in [(2, 3, [1]), (3, 2, [5]), (3, 4, [4, 4]), (2, 3, [6, 2, 5])]:
        batch, time = len(lengths), max(lengths)
        inputs = {
            "x": leaf(batch, time, depth), "W": leaf(depth + units, 4 * units), "b": leaf(4 * units),
            "h": leaf(batch, units), "c": leaf(batch, units),
        }
        mask = padding(lengths, time)
        cases.append(case(inputs, {"mask": mask}, lambda mask, **rest: lstm(**rest), {"lengths": lengths}))
    return cases


class Lstmn:
    """One sequence, without a batch; the tapes are lists of vectors; W_x, W_h~ … apart, as printed."""

    def __init__(self, Wx, Wh, Ws, v, lstm, b):
        self.Wx, self.Wh, self.Ws, self.v, self.lstm, self.b = Wx, Wh, Ws, v, lstm, b
        self.h, self.c, self.weights = [], [], []
        self.units = b.shape[0] // 4
        self.summary = torch.zeros(self.units)

    def read(self, x):
        if not self.h:
            self.weights.append([])
            return torch.zeros(self.units), torch.zeros(self.units)
        a = torch.stack([self.v @ torch.tanh(h @ self.Wh + x @ self.Wx + self.summary @ self.Ws) for h in self.h])
        s = torch.softmax(a, 0)
        self.weights.append(list(s))
        return sum(w * h for w, h in zip(s, self.h)), sum(w * c for w, c in zip(s, self.c))

    def step(self, x, extra=0):
        """extra: what deep fusion adds to the memory, r ∘ α~."""
        h, c = self.read(x)
        i, f, candidate, o = (torch.cat([x, h]) @ self.lstm + self.b).chunk(4)
        memory = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(candidate) + extra
        self.c.append(memory)
        self.h.append(torch.sigmoid(o) * torch.tanh(memory))
        self.summary = h

    def rows(self, time):
        return torch.stack([torch.stack(row + [torch.zeros(())] * (time - len(row))) for row in self.weights])


def padded(vectors, time):
    vectors = torch.stack(vectors)
    return torch.cat([vectors, torch.zeros(time - len(vectors), *vectors.shape[1:])])


def over_batch(outputs):
    return {name: torch.stack([example[name] for example in outputs]) for name in outputs[0]}


def lstmn(x, Wx, Wh, Ws, v, lstm, b, lengths):
    outputs = []
    for example, length in zip(x, lengths):
        net, time = Lstmn(Wx, Wh, Ws, v, lstm, b), len(example)
        for x_t in example[:length]:
            net.step(x_t)
        outputs.append({
            "states": padded(net.h, time), "memories": padded(net.c, time),
            "weights": padded(list(net.rows(time)), time),
        })
    return over_batch(outputs)


def look(query_part, gamma, Wgamma, u, alpha):
    p = torch.softmax(torch.stack([u @ torch.tanh(g @ Wgamma + query_part) for g in gamma]), 0)
    return sum(w * g for w, g in zip(p, gamma)), sum(w * a for w, a in zip(p, alpha)), p


def shallow_fusion(x, gamma, alpha, Wx, Wh, Ws, v, lstm, b, Wq, Wgamma, u, sourceLengths):
    """alpha does not enter: its share of the gradient is 0."""
    outputs = []
    for example, g, a, m in zip(x, gamma, alpha, sourceLengths):
        net, looks = Lstmn(Wx, Wh, Ws, v, lstm, b), []
        for x_t in example:
            last = net.h[-1] if net.h else torch.zeros(net.units)
            found, _, p = look(last @ Wq, g[:m], Wgamma, u, a[:m])
            looks.append(padded(list(p), len(g)))
            net.step(torch.cat([x_t, found]))
        outputs.append({
            "states": torch.stack(net.h), "memories": torch.stack(net.c),
            "weights": net.rows(len(example)), "sourceWeights": torch.stack(looks),
        })
    result = over_batch(outputs)
    result["states"] = result["states"] + 0 * alpha.sum()
    return result


def deep_fusion(x, gamma, alpha, Wx, Wh, Ws, v, lstm, b, Wix, Wis, Wgamma, u, Wr, br, sourceLengths):
    outputs = []
    for example, g, a, m in zip(x, gamma, alpha, sourceLengths):
        net, looks, found = Lstmn(Wx, Wh, Ws, v, lstm, b), [], torch.zeros(g.shape[1])
        for x_t in example:
            found, memory, p = look(x_t @ Wix + found @ Wis, g[:m], Wgamma, u, a[:m])
            looks.append(padded(list(p), len(g)))
            r = torch.sigmoid(torch.cat([found, x_t]) @ Wr + br)
            net.step(x_t, extra=r * memory)
        outputs.append({
            "states": torch.stack(net.h), "memories": torch.stack(net.c),
            "weights": net.rows(len(example)), "sourceWeights": torch.stack(looks),
        })
    return over_batch(outputs)


def lstmn_inputs(batch, time, depth, units, d, extra=0):
    return {
        "x": leaf(batch, time, depth), "Wx": leaf(depth + extra, d), "Wh": leaf(units, d),
        "Ws": leaf(units, d), "v": leaf(d), "lstm": leaf(depth + extra + units, 4 * units), "b": leaf(4 * units),
    }


def lstmn_cases():
    cases = []
    for depth, units, d, lengths in [(2, 3, 2, [3]), (3, 2, 4, [5, 5]), (2, 2, 3, [4, 1, 3])]:
        mask = padding(lengths, max(lengths))
        inputs = lstmn_inputs(len(lengths), max(lengths), depth, units, d)
        cases.append(case(inputs, {"mask": mask}, lambda mask, **rest: lstmn(**rest), {"lengths": lengths}))
    return cases


def fusion_cases(function, deep):
    cases = []
    for time, depth, units, d, lengths in [(3, 2, 3, 2, [4]), (4, 3, 2, 3, [3, 5])]:
        batch, m = len(lengths), max(lengths)
        inputs = lstmn_inputs(batch, time, depth, units, d, extra=0 if deep else units)
        inputs |= {
            "gamma": leaf(batch, m, units), "alpha": leaf(batch, m, units),
            "Wgamma": leaf(units, d), "u": leaf(d),
        }
        if deep:
            inputs |= {"Wix": leaf(depth, d), "Wis": leaf(units, d), "Wr": leaf(units + depth, units), "br": leaf(units)}
        else:
            inputs["Wq"] = leaf(units, d)
        mask = padding(lengths, m)
        cases.append(case(
            inputs, {"mask": mask}, lambda mask, **rest: function(**rest), {"sourceLengths": lengths}))
    return cases


if __name__ == "__main__":
    write("content-based", with_masks(content_based_inputs, content_based))
    write("dot-product", with_masks(dot_product_inputs, dot_product))
    write("general", with_masks(general_inputs, general))
    write("location-based", location_based_cases())
    write("concat", luong_cases(concat, "concat", "v"), **OPENNMT)
    write("global-dot", luong_cases(global_dot, "WC"), **OPENNMT)
    write("global-general", luong_cases(global_general, "W", "WC"), **OPENNMT)
    write("local-monotonic", local_cases(local_monotonic, predictive=False))
    write("local-predictive", local_cases(local_predictive, predictive=True))
    write("location-sensitive", location_sensitive_cases(), **ESPNET)
    write("location-sensitive-smoothing", smoothing_cases())
    write("soft", soft_cases())
    write("reinforce", reinforce_cases())
    write("lstm", lstm_cases())
    write("lstmn", lstmn_cases())
    write("shallow-fusion", fusion_cases(shallow_fusion, deep=False))
    write("deep-fusion", fusion_cases(deep_fusion, deep=True))
