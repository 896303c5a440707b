"""The judge: the network of ``tinygrad_mnist`` in TensorFlow, and comparisons of the two.

The same network is trained four ways, with TF1's graph and Session, ``tf.function``, the eager
GradientTape, and Keras, behind one interface: ``reference_tf.interface``. These take plain arrays
and know nothing of ``tinygrad_mnist``; only the modules that compare the two, and the command
``python -m reference_tf``, import it. It never imports this package.

Importing this package imports no TensorFlow, but sets what TensorFlow reads from the environment
when it is imported: no graphics card, no kernels whose sums depend on the processor's threads, no
log of its start. What the user has set stays.
"""

import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
