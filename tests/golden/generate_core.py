"""Masked softmax, scaled dot-product and additive attention, GRU, cross-entropy, Adam: PyTorch itself."""
import torch
from common import case, leaf, numbers, write
from torch import nn

torch.manual_seed(20141)


def masked_softmax(logits, mask=None):
    """torch.softmax after masked_fill(-inf), the usual PyTorch way; rows all hidden become 0."""
    if mask is None:
        return {"weights": torch.softmax(logits, -1)}
    hidden = (mask == 0).expand_as(logits)
    weights = torch.softmax(logits.masked_fill(hidden, float("-inf")), -1)
    return {"weights": torch.nan_to_num(weights, nan=0.0)}


def masked_softmax_cases():
    cases = [case({"logits": leaf(3, 4)}, {}, masked_softmax)]
    for shape, mask_shape in [((2, 3, 5), (2, 1, 5)), ((1, 1, 7), (1, 1, 7)), ((2, 2, 3, 4), (2, 1, 1, 4))]:
        mask = (torch.rand(*mask_shape) > 0.4).double()
        mask[..., 0] = 1  # PyTorch's gradient of a fully hidden row is NaN: that case has its own test
        cases.append(case({"logits": leaf(*shape, scale=3)}, {"mask": mask}, masked_softmax))
    return cases


def scaled_dot_product(query, keys, values, mask=None):
    """nn.functional.scaled_dot_product_attention; its weights by passing the identity as values."""
    visible = None if mask is None else (mask != 0)
    attend = nn.functional.scaled_dot_product_attention
    identity = torch.eye(keys.shape[-2]).expand(*keys.shape[:-1], keys.shape[-2])
    context = attend(query, keys, values, attn_mask=visible)
    return {"context": context, "weights": attend(query, keys, identity, attn_mask=visible)}


def scaled_dot_product_cases():
    cases = []
    for lead, queries, keys, d_key, d_value in [((1,), 1, 1, 2, 3), ((2,), 3, 5, 4, 6), ((1, 2), 5, 7, 3, 3)]:
        def fresh():
            return {
                "query": leaf(*lead, queries, d_key), "keys": leaf(*lead, keys, d_key),
                "values": leaf(*lead, keys, d_value),
            }
        cases.append(case(fresh(), {}, scaled_dot_product))
        causal = torch.ones(queries, keys).tril(keys - queries)
        cases.append(case(fresh(), {"mask": causal}, scaled_dot_product))
    return cases


def additive(query, keys, values, W, U, v, mask=None):
    """With nn.Linear-style products and broadcasting, as PyTorch tutorials write it."""
    hidden = torch.tanh((query @ W).unsqueeze(2) + (keys @ U).unsqueeze(1))
    logits = torch.nn.functional.linear(hidden, v.unsqueeze(0)).squeeze(-1)
    weights = masked_softmax(logits, mask)["weights"]
    return {"context": torch.bmm(weights, values), "weights": weights}


def additive_cases():
    cases = []
    for batch, queries, keys, query_depth, key_depth, value_depth, d in [
        (1, 1, 1, 2, 3, 2, 4), (1, 1, 5, 4, 6, 6, 3), (3, 1, 7, 5, 4, 3, 8), (2, 4, 3, 3, 5, 2, 7),
    ]:
        inputs = {
            "query": leaf(batch, queries, query_depth), "keys": leaf(batch, keys, key_depth),
            "values": leaf(batch, keys, value_depth), "W": leaf(query_depth, d),
            "U": leaf(key_depth, d), "v": leaf(d),
        }
        cases.append(case(inputs, {}, additive))
        if keys > 1:
            mask = (torch.rand(batch, 1, keys) > 0.5).double()
            mask[..., -1] = 1
            fresh = {name: value.detach().clone().requires_grad_() for name, value in inputs.items()}
            cases.append(case(fresh, {"mask": mask}, additive))
    return cases


class ResetBeforeGru(nn.GRUCell):
    """nn.GRUCell's parameters, but resetting before the product, as in Cho et al. (2014)."""

    def forward(self, x, h):
        x_r, x_z, x_n = (x @ self.weight_ih.T + self.bias_ih).chunk(3, -1)
        w_r, w_z, w_n = self.weight_hh.chunk(3, 0)
        b_r, b_z, b_n = self.bias_hh.chunk(3, 0)
        r = torch.sigmoid(x_r + h @ w_r.T + b_r)
        z = torch.sigmoid(x_z + h @ w_z.T + b_z)
        n = torch.tanh(x_n + (r * h) @ w_n.T + b_n)
        return (1 - z) * n + z * h


def reset_before_cell(depth, gates, gatesBias, candidate, candidateBias):
    units = candidateBias.shape[0]
    cell = ResetBeforeGru(depth, units)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        delattr(cell, name)
    weight = torch.cat([gates[:, :units], gates[:, units:], candidate], 1).T
    cell.weight_ih, cell.weight_hh = weight[:, :depth], weight[:, depth:]
    cell.bias_ih = torch.cat([gatesBias, candidateBias])
    cell.bias_hh = torch.zeros(3 * units)
    return cell


def gru(x, gates, gatesBias, candidate, candidateBias, mask=None, initial=None, reverse=False):
    cell = reset_before_cell(x.shape[2], gates, gatesBias, candidate, candidateBias)
    h = torch.zeros(x.shape[0], candidateBias.shape[0]) if initial is None else initial
    states = [None] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        new = cell(x[:, t], h)
        h = new if mask is None else torch.where(mask[:, t : t + 1] > 0, new, h)
        states[t] = h
    return {"states": torch.stack(states, 1)}


def attentive_gru(x, initial, annotations, W, U, v, gates, gatesBias, candidate, candidateBias, mask=None):
    """A decoder step by step, on the additive attention above and the cell above."""
    cell = reset_before_cell(x.shape[2] + annotations.shape[2], gates, gatesBias, candidate, candidateBias)
    state, states, contexts = initial, [], []
    for token in x.unbind(1):
        visible = None if mask is None else mask.unsqueeze(1)
        context = additive(state.unsqueeze(1), annotations, annotations, W, U, v, visible)["context"].squeeze(1)
        state = cell(torch.cat([token, context], 1), state)
        states.append(state)
        contexts.append(context)
    return {"states": torch.stack(states, 1), "contexts": torch.stack(contexts, 1)}


def attentive_gru_cases():
    cases = []
    for batch, steps, keys, mask in [(1, 1, 1, None), (2, 3, 5, None), (2, 5, 3, [[1.0, 1, 0], [1, 1, 1]])]:
        units, depth, input_depth, d = 4, 3, 2, 5
        inputs = {
            "x": leaf(batch, steps, input_depth), "initial": leaf(batch, units),
            "annotations": leaf(batch, keys, depth), "W": leaf(units, d), "U": leaf(depth, d), "v": leaf(d),
            "gates": leaf(input_depth + depth + units, 2 * units), "gatesBias": leaf(2 * units),
            "candidate": leaf(input_depth + depth + units, units), "candidateBias": leaf(units),
        }
        cases.append(case(inputs, {} if mask is None else {"mask": torch.tensor(mask)}, attentive_gru))
    return cases


def torch_gru(x, gates, gatesBias, candidate, candidateBias):
    """nn.GRU itself. It resets after the product, which is the same thing while r = 1."""
    depth, units = x.shape[2], candidateBias.shape[0]
    weight = torch.cat([gates, candidate], 1).T
    parameters = {
        "weight_ih_l0": weight[:, :depth], "weight_hh_l0": weight[:, depth:],
        "bias_ih_l0": torch.cat([gatesBias, candidateBias]), "bias_hh_l0": torch.zeros(3 * units),
    }
    module = nn.GRU(depth, units, batch_first=True)
    return {"states": torch.func.functional_call(module, parameters, (x,))[0]}


def open_reset_case():
    units, depth = 4, 3
    gates, bias = torch.randn(depth + units, 2 * units), torch.randn(2 * units)
    gates[:, :units], bias[:units] = 0, 50  # r = sigmoid(50) = 1
    inputs = {
        "x": leaf(2, 6, depth), "gates": gates.requires_grad_(), "gatesBias": bias.requires_grad_(),
        "candidate": leaf(depth + units, units), "candidateBias": leaf(units),
    }
    return case(inputs, {}, torch_gru)


def gru_cases():
    cases = [open_reset_case()]
    for batch, time, depth, units in [(1, 1, 2, 3), (1, 5, 3, 2), (4, 3, 2, 5), (2, 7, 4, 4)]:
        inputs = {
            "x": leaf(batch, time, depth), "gates": leaf(depth + units, 2 * units),
            "gatesBias": leaf(2 * units), "candidate": leaf(depth + units, units),
            "candidateBias": leaf(units),
        }
        cases.append(case(inputs, {}, gru))
        if time > 1:
            lengths = torch.randint(1, time + 1, (batch, 1))
            mask = (torch.arange(time)[None] < lengths).double()
            fresh = {name: value.detach().clone().requires_grad_() for name, value in inputs.items()}
            cases.append(case(fresh, {"mask": mask}, gru))
    inputs = {
        "x": leaf(2, 3, 2), "gates": leaf(5, 6), "gatesBias": leaf(6), "candidate": leaf(5, 3),
        "candidateBias": leaf(3), "initial": leaf(2, 3),
    }
    cases.append(case(inputs, {"mask": torch.tensor([[1.0, 1, 1], [1, 1, 0]])}, gru, {"reverse": True}))
    return cases


def cross_entropy(logits, targets, mask):
    ids = torch.where(mask > 0, targets, -100 * torch.ones_like(targets)).long()
    return {"loss": nn.functional.cross_entropy(logits, ids)}


def cross_entropy_cases():
    mask = torch.tensor([1.0, 1.0, 0.0, 1.0])
    targets = torch.tensor([0.0, 3.0, 1.0, 2.0])
    return [case({"logits": leaf(4, 5, scale=2)}, {"targets": targets, "mask": mask}, cross_entropy)]


def adam_cases():
    """Ten steps on a bowl, with the gradient clipped to norm 1 as torch.nn.utils does."""
    weight = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=0.1, betas=(0.9, 0.98), eps=1e-9)
    path = []
    for _ in range(10):
        optimiser.zero_grad()
        (weight**4).sum().backward()
        nn.utils.clip_grad_norm_([weight], 1.0)
        optimiser.step()
        path.append(weight.detach().clone())
    return [{"path": numbers(torch.stack(path))}]


if __name__ == "__main__":
    write("masked-softmax", masked_softmax_cases())
    write("scaled-dot-product", scaled_dot_product_cases())
    write("additive", additive_cases())
    write("gru", gru_cases())
    write("attentive-gru", attentive_gru_cases())
    write("cross-entropy", cross_entropy_cases())
    write("adam", adam_cases())
