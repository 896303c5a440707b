"""TensorFlow 1's face: ``import tinygrad_mnist.tf1 as tf`` runs its tutorials of this kind.

Operations are described first (``symbol.py``) and computed by a session, which captures them
(``session.py``). A name that is missing is answered with the nearest there are.

>>> graph = Graph()
>>> with graph.as_default():
...     x = placeholder(float32, [None, 2], name="x")
...     w = get_variable("w", [2, 1], initializer=constant_initializer(3.0))
...     y = matmul(x, w)
...     start = global_variables_initializer()
>>> with Session(graph=graph) as sess:
...     sess.run(start)
...     sess.run(y, feed_dict={x: [[1, 2], [3, 4]]})
array([[ 9.],
       [21.]], dtype=float32)
"""

from types import ModuleType
from typing import NoReturn

from tinygrad_mnist.tf1 import compat, contrib, layers, nn, train
from tinygrad_mnist.tf1.arithmetic import (
    abs,
    add,
    add_n,
    argmax,
    cast,
    clip_by_value,
    divide,
    equal,
    exp,
    greater,
    less,
    log,
    matmul,
    maximum,
    minimum,
    multiply,
    pow,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    sigmoid,
    sqrt,
    square,
    subtract,
    tanh,
)
from tinygrad_mnist.tf1.arrays import (
    concat,
    constant,
    convert_to_tensor,
    expand_dims,
    fill,
    gather,
    identity,
    one_hot,
    ones,
    ones_like,
    placeholder,
    range,
    rank,
    reshape,
    shape,
    size,
    split,
    squeeze,
    stack,
    stop_gradient,
    transpose,
    where,
    zeros,
    zeros_like,
)
from tinygrad_mnist.tf1.conversion import as_dtype, bool, float32, float64, int32, int64
from tinygrad_mnist.tf1.derivative import gradients
from tinygrad_mnist.tf1.first_values import (
    constant_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    zeros_initializer,
)
from tinygrad_mnist.tf1.graph import (
    Graph,
    get_default_graph,
    get_default_session,
    reset_default_graph,
)
from tinygrad_mnist.tf1.missing import missing
from tinygrad_mnist.tf1.random_numbers import (
    random_normal,
    random_uniform,
    set_random_seed,
    truncated_normal,
)
from tinygrad_mnist.tf1.scopes import (
    AUTO_REUSE,
    get_variable,
    get_variable_scope,
    name_scope,
    variable_scope,
)
from tinygrad_mnist.tf1.session import (
    ConfigProto,
    InteractiveSession,
    Session,
    disable_eager_execution,
    disable_v2_behavior,
)
from tinygrad_mnist.tf1.variables import (
    Variable,
    assign,
    assign_add,
    assign_sub,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    trainable_variables,
)

__version__ = "1.15.0"
"""Of the TensorFlow whose names these are."""

__all__ = [
    "AUTO_REUSE",
    "ConfigProto",
    "Graph",
    "InteractiveSession",
    "Session",
    "Variable",
    "abs",
    "add",
    "add_n",
    "argmax",
    "as_dtype",
    "assign",
    "assign_add",
    "assign_sub",
    "bool",
    "cast",
    "clip_by_value",
    "compat",
    "concat",
    "constant",
    "constant_initializer",
    "contrib",
    "convert_to_tensor",
    "disable_eager_execution",
    "disable_v2_behavior",
    "divide",
    "equal",
    "exp",
    "expand_dims",
    "fill",
    "float32",
    "float64",
    "gather",
    "get_default_graph",
    "get_default_session",
    "get_variable",
    "get_variable_scope",
    "global_variables",
    "global_variables_initializer",
    "glorot_uniform_initializer",
    "gradients",
    "greater",
    "identity",
    "initialize_all_variables",
    "int32",
    "int64",
    "layers",
    "less",
    "log",
    "matmul",
    "maximum",
    "minimum",
    "multiply",
    "name_scope",
    "nn",
    "one_hot",
    "ones",
    "ones_initializer",
    "ones_like",
    "placeholder",
    "pow",
    "random_normal",
    "random_normal_initializer",
    "random_uniform",
    "random_uniform_initializer",
    "range",
    "rank",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "reset_default_graph",
    "reshape",
    "set_random_seed",
    "shape",
    "sigmoid",
    "size",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "subtract",
    "tanh",
    "train",
    "trainable_variables",
    "transpose",
    "truncated_normal",
    "truncated_normal_initializer",
    "variable_scope",
    "where",
    "zeros",
    "zeros_initializer",
    "zeros_like",
]


def __getattr__(name: str) -> NoReturn:
    raise missing("tf", name)


# Importing a file makes it a name of the package: tf.session must not lead into session.py.
for _name, _value in [*globals().items()]:
    if isinstance(_value, ModuleType) and _name not in __all__:
        del globals()[_name]
