"""What a person reads at the prompt and in a notebook: a line or a table, and no address."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import Parameter, Tensor, capture, mnist, nn, optim
from tinygrad_mnist.core.tape import reverse_sweep
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.notebook import MOST_ROWS, html_table
from tinygrad_mnist.testing import check_grads


class Tables(HTMLParser):
    """Reads the cells of the tables, and the text outside of them; every tag must be closed."""

    def __init__(self, source):
        super().__init__()
        self.tables, self.text, self.open = [], "", []
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag == "br":
            self.text += "\n"
            return
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        else:
            assert tag == "p"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.text += "\n" * (tag == "p")

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
        else:
            self.text += data


def test_a_table_takes_nothing_for_html():
    found = Tables(html_table(["<a>", "&"], [["<b>", 'x"'], [1, None]], above="<i>", below="a\nb"))
    assert found.tables == [[["<a>", "&"], ["<b>", 'x"'], ["1", "None"]]]
    assert found.text == "<i>\na\nb\n"


def test_of_a_long_table_the_beginning_is_shown():
    found = Tables(html_table(["n"], [[n] for n in range(MOST_ROWS + 3)]))
    assert len(found.tables[0]) == 1 + MOST_ROWS
    assert found.text == "and 3 more\n"
    assert "more" not in html_table(["n"], [[n] for n in range(MOST_ROWS)])


def test_a_node_and_a_step():
    x = Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    hidden = np.tanh(x * np.ones(3, np.float32))
    total = np.sum(hidden, axis=1, keepdims=False)
    node, inner = total.node, hidden.node
    assert repr(node) == f"<node {node.id}: sum(node {inner.id}, axis=1) -> float64 (2,)>"
    first = "multiply(x, float32 (3,)) -> float64 (2, 3)"
    steps = [repr(step) for step in reverse_sweep(total, np.ones(2))]
    assert steps[0] == f"<step of {node!r} passes float64 (2, 3) to node {inner.id}>"
    assert re.fullmatch(
        rf"<step of <node \d+: {re.escape(first)}> passes float64 \(2, 3\) to x>", steps[2]
    )
    power = (Tensor(2.0, requires_grad=True) ** 3).node
    assert repr(power) == f"<node {power.id}: power(float64 (), 3) -> float64 ()>"


def test_a_step_that_passes_nothing():
    y = np.sign(Tensor(2.0, requires_grad=True))
    (step,) = reverse_sweep(y, np.ones(()))
    assert repr(step).endswith(" passes nothing>")


def test_a_data_set():
    data = Dataset(np.zeros((1200, 2, 3), np.float32), np.zeros(1200, int))
    head = "<Dataset of 1,200 examples: images float32 (2, 3), labels int64 ()"
    assert repr(data) == f"{head}, at 0 of epoch 0>"
    data.next_batch(1100)
    assert repr(data) == f"{head}, at 1,100 of epoch 0>"
    data.next_batch(100)
    assert repr(data) == f"{head}, at 0 of epoch 1>"
    nothing = Dataset(np.zeros((0, 2)), np.zeros(0))
    assert repr(nothing).startswith("<Dataset of 0 examples: images float64 (2,)")
    lines = repr(mnist.load()).splitlines()
    assert [line.split()[0] for line in lines] == ["train", "validation", "test"]
    assert "<Dataset of 55,000 examples: images float32 (784,), labels float32 (10,)" in lines[0]


class Halving(optim.SGD):
    """An optimizer of a user's own, with an argument that it keeps under no name."""

    def __init__(self, parameters, learning_rate=1.0, often=2):
        super().__init__(parameters, learning_rate / often)


OPTIMIZERS = {
    optim.SGD: "SGD(2 parameters, learning_rate=0.01, iterations=0)",
    optim.Momentum: "Momentum(2 parameters, learning_rate=0.01, momentum=0.9, nesterov=False, "
    "iterations=0)",
    optim.Adam: "Adam(2 parameters, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, "
    "epsilon_mode='tensorflow', iterations=0)",
    Halving: "Halving(2 parameters, learning_rate=0.5, iterations=0)",
}


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_an_optimizer(kind):
    weights = [Parameter([1.0]), Parameter([2.0])]
    optimizer = kind(weights)
    assert repr(optimizer) == OPTIMIZERS[kind]
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([np.ones(1)] * 2)
    assert "learning_rate=0.25" in repr(optimizer)
    assert repr(optimizer).endswith("iterations=1)")
    assert repr(kind(weights[:1])).startswith(f"{kind.__name__}(1 parameter, ")


def test_what_check_grads_found():
    right = check_grads(lambda x: np.sum(np.tanh(x)), np.ones(2))
    assert repr(right) == str(right)
    assert repr(right).startswith("OK: second derivative of <lambda>: every gradient agrees")
    found = Tables(right._repr_html_())
    ((heads, row),) = found.tables
    assert heads == ["argument", "verdict", "worst error", "bound", ""]
    assert row[:2] == ["x", "OK"]
    assert found.text.startswith("OK: second derivative of <lambda>")


def test_what_check_grads_found_wrong():
    wrong = check_grads(
        lambda x, y: np.sum(x * y**2), *np.ones((2, 2)), gradient=lambda x, y: (y, x)
    )
    assert repr(wrong) == str(wrong)
    found = Tables(wrong._repr_html_())
    arguments, elements = found.tables
    # All that the text says is in the tables or beside them, and nothing else.
    told = [cell for table in (arguments[1:], elements) for row in table for cell in row if cell]
    for cell in told:
        assert cell in repr(wrong)
    for remark in found.text.splitlines():
        assert remark in repr(wrong)
    assert [row[:2] for row in arguments[1:]] == [["y", "WRONG"], ["x", "OK"]]
    assert elements[0] == [
        "at",
        "analytic",
        "numeric",
        "left",
        "right",
        "error",
        "relative",
        "bound",
    ]
    assert [row[0] for row in elements[1:]] == [e.place for e in wrong.arguments[1].elements]
    assert "the worst of y:" in found.text
    assert repr(wrong.arguments[1]) in repr(wrong)
    assert repr(wrong.arguments[1].elements[0]) in repr(wrong)


def test_a_plan_and_its_program():
    weight = Parameter(np.ones((3, 2)), name="weight")

    @capture
    def step(images):
        cost = np.mean(np.maximum(images @ weight, 0.0))
        cost.backward()
        return cost

    step(np.ones((4, 3)))
    (plan,) = step.plans
    count = len(plan.program.instructions)
    head = f"step(images float64[4,3]): {count} instructions"
    assert repr(plan) == f"<plan of {head}, {plan.allocation.arena} bytes>"
    assert repr(plan.program) == f"<program of {head}>"
    first = repr(plan.program.instructions[0])
    assert re.fullmatch(
        r"<instruction matmul\(images, weight\) -> float64 \(4, 2\), test_prompt\.py:\d+>", first
    )
    assert repr(plan.program.arguments[0]) == "<slot of argument images float64[4,3]>"
    assert repr(plan.program.outputs[0]) == "<slot of value float64[]>"
    found = Tables(plan._repr_html_())
    ((_, *rows),) = found.tables
    listed = str(plan).splitlines()
    assert [" ".join(row).split() for row in rows] == [
        line.split() for line in listed[1 : 1 + len(rows)]
    ]
    assert found.text.splitlines() == [listed[0], *listed[1 + len(rows) :]]


def test_a_network():
    model = nn.MLP([3, 4, 2])
    found = Tables(model._repr_html_())
    ((heads, *rows),) = found.tables
    lines = repr(model).splitlines()
    assert lines[0].split() == heads
    for line, row in zip(lines[1:-1], rows, strict=True):
        assert line.split() == " ".join(row).split()
    assert found.text.strip() == lines[-1]


def test_a_graph_a_session_and_an_optimizer_of_tensorflows():
    with tf.Graph().as_default() as graph:
        weight = tf.Variable(1.0)
        session = tf.Session()
        rate = tf.placeholder(tf.float32, [], name="rate")
        assert repr(graph) == f"<Graph of {len(graph.symbols)} symbols, 1 variables>"
        assert repr(session) == f"<Session of {graph!r}>"
        session.close()
        assert repr(session).endswith(", closed>")
        adam, sgd = tf.train.AdamOptimizer(0.5), tf.train.GradientDescentOptimizer(rate)
        assert repr(adam) == "<AdamOptimizer 'Adam' learning_rate=0.5>"
        assert repr(sgd) == "<GradientDescentOptimizer 'GradientDescent' learning_rate=rate:0>"
        assert weight.dtype == np.float32


def test_html_of_names_that_look_like_html():
    @capture
    def step(x):
        return x * 2.0

    step.name = "<step>"
    step(np.ones(2))
    assert html.escape("<step>(x)") in step.plans[0]._repr_html_()
