"""Where TensorFlow 1 kept the reader of MNIST."""
