"""Small functions as tutorials of PyTorch have them, to be seen through our pictures.

Each takes the generator of its numbers and the dtype, and gives a function of no
arguments and the leaves whose gradients are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody writes

Made = tuple[Callable[[], Any], list[Any]]
FUNCTIONS: dict[str, Callable[[Callable[..., Any]], Made]] = {}


def function(make: Any) -> Any:
    FUNCTIONS[make.__name__] = make
    return make


def ready(module: Any, new: Any) -> Any:
    """A module with numbers of the test's own dtype and generator."""
    for p in module.parameters():
        p.data = new(*p.shape).detach()
    return module


@function
def polynomial(new: Any) -> Made:
    x = new()
    return lambda: x**3 - 2 * x**2 + 4 / x - 1, [x]


@function
def two_leaves(new: Any) -> Made:
    x, y = new(), new()
    return lambda: torch.log(x * x) + x * y - torch.sin(y), [x, y]


@function
def reflected(new: Any) -> Made:
    x = new()
    return lambda: (2 - x) * (3 / (x * x + 1)) + 2**x + (1 + x), [x]


@function
def regression(new: Any) -> Made:
    w, b, x, y = new(3, 1), new(1), new(8, 3).detach(), new(8, 1).detach()
    return lambda: ((x @ w + b - y) ** 2).mean(), [w, b]


@function
def logistic(new: Any) -> Made:
    w, x = new(4), new(6, 4).detach()
    y = (new(6).detach() > 0).to(x.dtype)

    def loss() -> Any:
        p = torch.sigmoid(x @ w)
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    return loss, [w]


@function
def softmax_by_hand(new: Any) -> Made:
    z = new(5)

    def loss() -> Any:
        e = torch.exp(z - z.max())
        return -(e / e.sum())[2].log()

    return loss, [z]


@function
def cross_entropy(new: Any) -> Made:
    w, x = new(4, 3), new(5, 4).detach()
    y = torch.tensor([0, 2, 1, 1, 0])
    return lambda: F.cross_entropy(x @ w, y), [w]


@function
def nll_of_log_softmax(new: Any) -> Made:
    z, y = new(5, 3), torch.tensor([0, 2, 1, 1, 0])
    return lambda: F.nll_loss(F.log_softmax(z, dim=1), y), [z]


@function
def mlp(new: Any) -> Made:
    model = ready(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), new)
    x, y = new(5, 3).detach(), new(5, 1).detach()
    return lambda: nn.MSELoss()(model(x), y), [*model.parameters()]


@function
def a_module_of_ones_own(new: Any) -> Made:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(2, 3), nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.fc2(F.relu(self.fc1(x)))

    net, x = ready(Net(), new), new(4, 2).detach()
    return lambda: F.cross_entropy(net(x), torch.tensor([0, 1, 1, 0])), [
        *net.parameters()
    ]


@function
def activations(new: Any) -> Made:
    x = new(6)
    return lambda: (
        F.relu(x) + F.elu(x) + F.gelu(x) + F.silu(x) + F.softplus(x)
        + F.leaky_relu(x, 0.2) + F.gelu(x, approximate="tanh") + F.logsigmoid(x)
        + F.selu(x) + F.hardtanh(x)
    ).sum(), [x]  # fmt: skip


@function
def rnn_cell(new: Any) -> Made:
    wx, wh, b = new(3, 4), new(4, 4), new(4)
    xs = new(5, 2, 3).detach()

    def loss() -> Any:
        h = torch.zeros(2, 4, dtype=xs.dtype)
        for x in xs:
            h = torch.tanh(x @ wx + h @ wh + b)
        return h.pow(2).sum()

    return loss, [wx, wh, b]


@function
def cells_of_torch(new: Any) -> Made:
    rnn, gru, lstm = (
        ready(kind(3, 4), new) for kind in (nn.RNNCell, nn.GRUCell, nn.LSTMCell)
    )
    x = new(2, 3).detach()

    def loss() -> Any:
        h, c = lstm(x, (gru(x, rnn(x)), torch.ones(2, 4, dtype=x.dtype)))
        return (h * c).sum()

    return loss, [*rnn.parameters(), *gru.parameters(), *lstm.parameters()]


@function
def attention(new: Any) -> Made:
    q, k, v = new(5, 4), new(5, 4), new(5, 4)

    def loss() -> Any:
        scores = q @ k.T / 4**0.5
        mask = torch.triu(torch.ones(5, 5), diagonal=1).bool()
        weights = torch.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        return (weights @ v).square().sum()

    return loss, [q, k, v]


@function
def attention_of_torch(new: Any) -> Made:
    q, k, v = new(2, 5, 4), new(2, 5, 4), new(2, 5, 4)
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True).sum(), [
        q, k, v,
    ]  # fmt: skip


@function
def heads(new: Any) -> Made:
    x, w = new(2, 3, 8), new(8, 24)

    def loss() -> Any:
        q, k, v = (x @ w).split(8, dim=-1)
        q, k, v = (t.view(2, 3, 2, 4).transpose(1, 2) for t in (q, k, v))
        out = torch.softmax(q @ k.transpose(-2, -1), -1) @ v
        return out.transpose(1, 2).contiguous().view(2, 3, 8).mean()

    return loss, [x, w]


@function
def layer_norm(new: Any) -> Made:
    norm, x = ready(nn.LayerNorm(4), new), new(3, 4)
    return lambda: norm(x).pow(3).sum(), [x, *norm.parameters()]


@function
def batch_norm(new: Any) -> Made:
    norm, x = ready(nn.BatchNorm1d(4), new).to(new().dtype), new(6, 4)
    return lambda: norm(x).pow(3).sum(), [x, *norm.parameters()]


@function
def embedding(new: Any) -> Made:
    table, w = ready(nn.Embedding(7, 3), new), new(3)
    ids = torch.tensor([[1, 2], [2, 6]])
    return lambda: (table(ids) @ w).mean(), [table.weight, w]


@function
def penalties(new: Any) -> Made:
    w, x, y = new(3), new(6, 3).detach(), new(6).detach()
    return lambda: F.mse_loss(x @ w, y) + 0.1 * w.abs().sum() + 0.01 * w.norm() ** 2, [
        w
    ]


@function
def indexing(new: Any) -> Made:
    x, ids = new(4, 5), torch.tensor([0, 2, 2])
    return lambda: (
        x[0, 1] * x[1:3, ::2].sum() + x[-1].prod() + x[ids].sum() + x[x > 0].sum()
        + x[:, None, 2].sum()
    ), [x]  # fmt: skip


@function
def gathering(new: Any) -> Made:
    x, y = new(4, 5), torch.tensor([[1], [0], [4], [2]])
    return lambda: (
        x.gather(1, y).sum() + x.index_select(0, torch.tensor([1, 1])).prod()
        + x.max(dim=1).values.sum() + x.sort(dim=0)[0][1].sum() + x.topk(2)[0].prod()
    ), [x]  # fmt: skip


@function
def reductions(new: Any) -> Made:
    x = new(3, 4)
    return lambda: (
        x.sum(0).prod() + x.mean(dim=1, keepdim=True).sum() + x.max() + x.amin(1).sum()
        + x.logsumexp(0).sum() + x.var() + x.std(dim=1).sum() + x.cumsum(1).sum()
    ), [x]  # fmt: skip


@function
def broadcasting(new: Any) -> Made:
    a, b, c = new(3, 1), new(4), new()
    return lambda: ((a + b) * c / (b * b + 1)).sum(), [a, b, c]


@function
def shapes(new: Any) -> Made:
    x, y = new(2, 3, 4), new(2, 3, 4)

    def loss() -> Any:
        z = torch.cat([x, y], dim=-1).permute(2, 0, 1).reshape(8, -1)
        z = torch.stack([z, z.flip(0)]).unsqueeze(0).squeeze().flatten(1)
        a, b = z.unbind(0)
        return (a.view(6, 8).T.expand(2, 8, 6) * b.reshape(8, 6)).chunk(2)[0].sum()

    return loss, [x, y]


@function
def einsum(new: Any) -> Made:
    a, b = new(2, 3, 4), new(2, 4, 5)
    return lambda: torch.einsum("bij,bjk->bik", a, b).square().sum(), [a, b]


@function
def decisions(new: Any) -> Made:
    x, y = new(6), new(6)
    return lambda: (
        torch.where(x > y, x, y * 2) + torch.clamp(x, min=0, max=1)
        + torch.maximum(x, y) + x.clamp(min=0.1)
    ).sum(), [x, y]  # fmt: skip


@function
def dropout(new: Any) -> Made:
    x = new(20)

    def loss() -> Any:
        torch.manual_seed(3)
        return F.dropout(x * x, 0.4).sum()

    return loss, [x]


@function
def stopped(new: Any) -> Made:
    x, y = new(3), new(3)

    def loss() -> Any:
        with torch.no_grad():
            scale = x.norm()
        return (x.detach() * y / scale + x.data + y).sum() + (x * x).sum()

    return loss, [x, y]


@function
def unused(new: Any) -> Made:
    x, y = new(3), new(3)

    def loss() -> Any:
        y.exp()
        return (x.detach() * 2 + x).sum()

    return loss, [x, y]


@function
def in_place(new: Any) -> Made:
    x = new(3)

    def loss() -> Any:
        z = x * 1
        z += x.exp()
        z.mul_(2).relu_()
        return z.sum()

    return loss, [x]


@function
def assigned(new: Any) -> Made:
    x, y = new(4), new()

    def loss() -> Any:
        z = x * x
        z[1] = y * 3
        return (z * z).sum()

    return loss, [x, y]


@function
def losses(new: Any) -> Made:
    x, y = new(5), new(5).detach()
    t = (y > 0).to(y.dtype)
    return lambda: (
        F.l1_loss(x, y) + F.smooth_l1_loss(x, y) + F.huber_loss(x, y, reduction="sum")
        + F.binary_cross_entropy_with_logits(x, t)
        + F.binary_cross_entropy(torch.sigmoid(x), t)
        + F.kl_div(F.log_softmax(x, 0), torch.softmax(y, 0), reduction="sum")
    ), [x]  # fmt: skip


@function
def mixed_dtypes(new: Any) -> Made:
    x, ids = new(3), torch.arange(3)
    return lambda: (x * ids + ids / 2 - x * torch.tensor(2)).sum() * 3, [x]


@function
def unknown_to_us(new: Any) -> Made:
    x, image, kernel = new(3), new(1, 1, 4, 4), new(1, 1, 2, 2)
    return lambda: (
        torch.special.bessel_j0(x).sum() + F.conv2d(image, kernel).square().sum()
        + sum(torch.aminmax(x)) + F.max_pool2d(image, 2).sum()
    ), [x, image, kernel]  # fmt: skip


@function
def random_and_unknown(new: Any) -> Made:
    x = new(9)

    def loss() -> Any:
        torch.manual_seed(3)
        return F.alpha_dropout(x, 0.5, training=True).sum() * 2

    return loss, [x]


@function
def steps(new: Any) -> Made:
    x, y = new(4), new(4)

    def loss() -> Any:
        return (torch.round(x) + x.floor() * 2 + torch.sign(x) + y.ceil() * y).sum()

    return loss, [x, y]


@function
def gradient_penalty(new: Any) -> Made:
    x, w = new(4, 3), new(3)

    def loss() -> Any:
        y = torch.tanh(x @ w)
        (g,) = torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)
        return ((g.norm(dim=1) - 1) ** 2).mean()

    return loss, [x, w]


@function
def second_derivative(new: Any) -> Made:
    x = new()

    def loss() -> Any:
        y = torch.sin(x) * x**3
        return torch.autograd.grad(y, x, create_graph=True)[0] * 2

    return loss, [x]


@function
def in_place_on_a_view(new: Any) -> Made:
    x = new(3, 3)

    def loss() -> Any:
        z = x * 1
        row = z[1]
        row *= 2
        z[:, 0] += x[0]
        return (z * z).sum()

    return loss, [x]


@function
def sums_that_cancel(new: Any) -> Made:
    norm, x = ready(nn.LayerNorm(4), new), new(3, 4)

    def loss() -> Any:
        y = F.layer_norm(x, (4,))
        return y.sum() + y.pow(2).sum() + norm(y).sum()

    return loss, [x, *norm.parameters()]


@function
def dropout_of_zeros(new: Any) -> Made:
    x = new(30)

    def loss() -> Any:
        torch.manual_seed(3)
        return F.dropout(F.relu(x), 0.4).sum()

    return loss, [x]


@function
def a_tensor_filled_one_by_one(new: Any) -> Made:
    x = new(3)

    def loss() -> Any:
        y = torch.empty(3, dtype=x.dtype)
        for i in range(3):
            y[i] = x[i] * i
        return y.prod() + y.sum()

    return loss, [x]
