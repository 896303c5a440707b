"""TensorFlow as a judge: one thread, deterministic kernels, and absent where not asked for.

Importing it takes seconds: with ``-m "not tf"`` its tests are not even collected.
"""

import importlib.util

import reference_tf  # noqa: F401  sets the environment before TensorFlow is imported


def wanted(config):
    return config.option.markexpr != "not tf"


def pytest_ignore_collect(collection_path, config):
    if collection_path.name.startswith("test_") and not wanted(config):
        return True
    return None


def pytest_configure(config):
    """Before any test module is imported: threads are fixed from the first operation on."""
    if not wanted(config) or importlib.util.find_spec("tensorflow") is None:
        return
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
