"""rnnsearch.ts in PyTorch: the same jobs in, the same answers out. Threads: OMP_NUM_THREADS."""
import torch
from torch import nn
from turns import answer

torch.manual_seed(1)
PAD, START = 0, 1


class RnnSearch(nn.Module):
    def __init__(self, source_tokens, target_tokens, d_embedding=64, units=128, d_attention=128):
        super().__init__()
        context = 2 * units
        self.source_embedding = nn.Embedding(source_tokens, d_embedding)
        self.target_embedding = nn.Embedding(target_tokens, d_embedding)
        self.encoder = nn.GRU(d_embedding, units, bidirectional=True, batch_first=True)
        self.initial = nn.Linear(units, units, bias=False)
        self.W = nn.Linear(units, d_attention, bias=False)
        self.U = nn.Linear(context, d_attention, bias=False)
        self.v = nn.Linear(d_attention, 1, bias=False)
        self.cell = nn.GRUCell(d_embedding + context, units)
        self.maxout = nn.Linear(units + d_embedding + context, 2 * units)
        self.output = nn.Linear(units, target_tokens)
        self.units = units

    def forward(self, source, target):
        annotations, _ = self.encoder(self.source_embedding(source))
        keys = self.U(annotations)
        state = torch.tanh(self.initial(annotations[:, 0, self.units:]))
        start = torch.full_like(target[:, :1], START)
        previous = self.target_embedding(torch.cat([start, target[:, :-1]], 1))
        states, contexts = [], []
        for i in range(target.shape[1]):
            logits = self.v(torch.tanh(self.W(state).unsqueeze(1) + keys)).squeeze(2)
            weights = torch.softmax(logits, 1)
            context = torch.bmm(weights.unsqueeze(1), annotations).squeeze(1)
            state = self.cell(torch.cat([previous[:, i], context], 1), state)
            states.append(state)
            contexts.append(context)
        pairs = self.maxout(torch.cat([torch.stack(states, 1), previous, torch.stack(contexts, 1)], 2))
        first, second = pairs.chunk(2, 2)
        return nn.functional.cross_entropy(
            self.output(torch.maximum(first, second)).flatten(0, 1), target.flatten(), ignore_index=PAD
        )


model = RnnSearch(29, 42)
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)


def prepare(batches):
    def run():
        for batch in batches:
            loss = model(torch.tensor(batch["source"]), torch.tensor(batch["target"]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            loss.item()

    return run


answer(prepare)
