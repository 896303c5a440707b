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

from types import ModuleType as _ModuleType
from typing import NoReturn as _NoReturn

from tinygrad_mnist.tf1 import compat as compat
from tinygrad_mnist.tf1 import contrib as contrib
from tinygrad_mnist.tf1 import layers as layers
from tinygrad_mnist.tf1 import nn as nn
from tinygrad_mnist.tf1 import train as train
from tinygrad_mnist.tf1.arithmetic import abs as abs
from tinygrad_mnist.tf1.arithmetic import add as add
from tinygrad_mnist.tf1.arithmetic import add_n as add_n
from tinygrad_mnist.tf1.arithmetic import argmax as argmax
from tinygrad_mnist.tf1.arithmetic import argmin as argmin
from tinygrad_mnist.tf1.arithmetic import cast as cast
from tinygrad_mnist.tf1.arithmetic import clip_by_value as clip_by_value
from tinygrad_mnist.tf1.arithmetic import divide as divide
from tinygrad_mnist.tf1.arithmetic import equal as equal
from tinygrad_mnist.tf1.arithmetic import exp as exp
from tinygrad_mnist.tf1.arithmetic import floor as floor
from tinygrad_mnist.tf1.arithmetic import greater as greater
from tinygrad_mnist.tf1.arithmetic import greater_equal as greater_equal
from tinygrad_mnist.tf1.arithmetic import less as less
from tinygrad_mnist.tf1.arithmetic import less_equal as less_equal
from tinygrad_mnist.tf1.arithmetic import log as log
from tinygrad_mnist.tf1.arithmetic import matmul as matmul
from tinygrad_mnist.tf1.arithmetic import maximum as maximum
from tinygrad_mnist.tf1.arithmetic import minimum as minimum
from tinygrad_mnist.tf1.arithmetic import multiply as multiply
from tinygrad_mnist.tf1.arithmetic import negative as negative
from tinygrad_mnist.tf1.arithmetic import not_equal as not_equal
from tinygrad_mnist.tf1.arithmetic import pow as pow
from tinygrad_mnist.tf1.arithmetic import reduce_max as reduce_max
from tinygrad_mnist.tf1.arithmetic import reduce_mean as reduce_mean
from tinygrad_mnist.tf1.arithmetic import reduce_min as reduce_min
from tinygrad_mnist.tf1.arithmetic import reduce_prod as reduce_prod
from tinygrad_mnist.tf1.arithmetic import reduce_sum as reduce_sum
from tinygrad_mnist.tf1.arithmetic import sigmoid as sigmoid
from tinygrad_mnist.tf1.arithmetic import sign as sign
from tinygrad_mnist.tf1.arithmetic import sqrt as sqrt
from tinygrad_mnist.tf1.arithmetic import square as square
from tinygrad_mnist.tf1.arithmetic import subtract as subtract
from tinygrad_mnist.tf1.arithmetic import tanh as tanh
from tinygrad_mnist.tf1.arithmetic import truediv as truediv
from tinygrad_mnist.tf1.arrays import concat as concat
from tinygrad_mnist.tf1.arrays import constant as constant
from tinygrad_mnist.tf1.arrays import convert_to_tensor as convert_to_tensor
from tinygrad_mnist.tf1.arrays import expand_dims as expand_dims
from tinygrad_mnist.tf1.arrays import fill as fill
from tinygrad_mnist.tf1.arrays import gather as gather
from tinygrad_mnist.tf1.arrays import identity as identity
from tinygrad_mnist.tf1.arrays import one_hot as one_hot
from tinygrad_mnist.tf1.arrays import ones as ones
from tinygrad_mnist.tf1.arrays import ones_like as ones_like
from tinygrad_mnist.tf1.arrays import placeholder as placeholder
from tinygrad_mnist.tf1.arrays import range as range
from tinygrad_mnist.tf1.arrays import rank as rank
from tinygrad_mnist.tf1.arrays import reshape as reshape
from tinygrad_mnist.tf1.arrays import shape as shape
from tinygrad_mnist.tf1.arrays import size as size
from tinygrad_mnist.tf1.arrays import split as split
from tinygrad_mnist.tf1.arrays import squeeze as squeeze
from tinygrad_mnist.tf1.arrays import stack as stack
from tinygrad_mnist.tf1.arrays import stop_gradient as stop_gradient
from tinygrad_mnist.tf1.arrays import transpose as transpose
from tinygrad_mnist.tf1.arrays import where as where
from tinygrad_mnist.tf1.arrays import zeros as zeros
from tinygrad_mnist.tf1.arrays import zeros_like as zeros_like
from tinygrad_mnist.tf1.conversion import as_dtype as as_dtype
from tinygrad_mnist.tf1.conversion import bool as bool
from tinygrad_mnist.tf1.conversion import float16 as float16
from tinygrad_mnist.tf1.conversion import float32 as float32
from tinygrad_mnist.tf1.conversion import float64 as float64
from tinygrad_mnist.tf1.conversion import int8 as int8
from tinygrad_mnist.tf1.conversion import int16 as int16
from tinygrad_mnist.tf1.conversion import int32 as int32
from tinygrad_mnist.tf1.conversion import int64 as int64
from tinygrad_mnist.tf1.conversion import string as string
from tinygrad_mnist.tf1.conversion import uint8 as uint8
from tinygrad_mnist.tf1.derivative import gradients as gradients
from tinygrad_mnist.tf1.first_values import constant_initializer as constant_initializer
from tinygrad_mnist.tf1.first_values import glorot_uniform_initializer as glorot_uniform_initializer
from tinygrad_mnist.tf1.first_values import ones_initializer as ones_initializer
from tinygrad_mnist.tf1.first_values import random_normal_initializer as random_normal_initializer
from tinygrad_mnist.tf1.first_values import random_uniform_initializer as random_uniform_initializer
from tinygrad_mnist.tf1.first_values import (
    truncated_normal_initializer as truncated_normal_initializer,
)
from tinygrad_mnist.tf1.first_values import zeros_initializer as zeros_initializer
from tinygrad_mnist.tf1.graph import Graph as Graph
from tinygrad_mnist.tf1.graph import get_default_graph as get_default_graph
from tinygrad_mnist.tf1.graph import get_default_session as get_default_session
from tinygrad_mnist.tf1.graph import reset_default_graph as reset_default_graph
from tinygrad_mnist.tf1.missing import Namespace as _Namespace
from tinygrad_mnist.tf1.missing import missing as _missing
from tinygrad_mnist.tf1.missing import namespace as _namespace
from tinygrad_mnist.tf1.random_numbers import random_normal as random_normal
from tinygrad_mnist.tf1.random_numbers import random_uniform as random_uniform
from tinygrad_mnist.tf1.random_numbers import set_random_seed as set_random_seed
from tinygrad_mnist.tf1.random_numbers import truncated_normal as truncated_normal
from tinygrad_mnist.tf1.scopes import AUTO_REUSE as AUTO_REUSE
from tinygrad_mnist.tf1.scopes import get_variable as get_variable
from tinygrad_mnist.tf1.scopes import get_variable_scope as get_variable_scope
from tinygrad_mnist.tf1.scopes import name_scope as name_scope
from tinygrad_mnist.tf1.scopes import variable_scope as variable_scope
from tinygrad_mnist.tf1.session import ConfigProto as ConfigProto
from tinygrad_mnist.tf1.session import InteractiveSession as InteractiveSession
from tinygrad_mnist.tf1.session import Session as Session
from tinygrad_mnist.tf1.session import disable_eager_execution as disable_eager_execution
from tinygrad_mnist.tf1.session import disable_v2_behavior as disable_v2_behavior
from tinygrad_mnist.tf1.variables import Variable as Variable
from tinygrad_mnist.tf1.variables import assign as assign
from tinygrad_mnist.tf1.variables import assign_add as assign_add
from tinygrad_mnist.tf1.variables import assign_sub as assign_sub
from tinygrad_mnist.tf1.variables import global_variables as global_variables
from tinygrad_mnist.tf1.variables import (
    global_variables_initializer as global_variables_initializer,
)
from tinygrad_mnist.tf1.variables import initialize_all_variables as initialize_all_variables
from tinygrad_mnist.tf1.variables import trainable_variables as trainable_variables

__version__ = "1.15.0"
"""Of the TensorFlow whose names these are."""

math = _Namespace(
    "tf.math",
    *(abs, add, add_n, argmax, argmin, divide, equal, exp, floor, greater, greater_equal, less),
    *(less_equal, log, maximum, minimum, multiply, negative, not_equal, pow, reduce_max),
    *(reduce_mean, reduce_min, reduce_prod, reduce_sum, sigmoid, sign, sqrt, square, subtract),
    *(tanh, truediv, nn.log_softmax, nn.softmax, nn.softplus),
)
random = _Namespace(
    "tf.random",
    *(set_random_seed, truncated_normal),
    normal=random_normal,
    uniform=random_uniform,
)
initializers = _Namespace(
    "tf.initializers",
    constant=constant_initializer,
    global_variables=global_variables_initializer,
    glorot_uniform=glorot_uniform_initializer,
    ones=ones_initializer,
    random_normal=random_normal_initializer,
    random_uniform=random_uniform_initializer,
    truncated_normal=truncated_normal_initializer,
    zeros=zeros_initializer,
)
dtypes = _Namespace(
    "tf.dtypes",
    *(as_dtype, cast),
    bool=bool,
    float16=float16,
    float32=float32,
    float64=float64,
    int8=int8,
    int16=int16,
    int32=int32,
    int64=int64,
    uint8=uint8,
    string=string,
)


def __getattr__(name: str) -> _NoReturn:
    raise _missing("tf", name)


# Importing a file makes it a name of the package: tf.session must not lead into session.py, nor
# tf.nn.operand into what nn.py works with.
for _name, _value in [*globals().items()]:
    if _name in ("compat", "contrib", "layers", "nn", "train"):
        globals()[_name] = _namespace(f"tf.{_name}", _value)
    elif isinstance(_value, _ModuleType) and not isinstance(_value, _Namespace):
        del globals()[_name]

__all__ = sorted(_name for _name in globals() if not _name.startswith("_"))
