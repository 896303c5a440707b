"""What the backends on TensorFlow say of it: its version, whose kernels it runs, its threads."""

import os

import tensorflow as tf


def threads(configured: int, variable: str) -> int:
    """Return a configured number of threads, or what the environment says where that is 0."""
    return configured or int(os.environ.get(variable, 0))


VERSIONS = {"tensorflow": tf.__version__}
BLAS = {
    "library": "TensorFlow's own",
    "kernel": f"{'without' if os.environ.get('TF_ENABLE_ONEDNN_OPTS') == '0' else 'with'} oneDNN",
    "threads": threads(
        tf.config.threading.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"
    ),
    "inter_op_threads": threads(
        tf.config.threading.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"
    ),
}
