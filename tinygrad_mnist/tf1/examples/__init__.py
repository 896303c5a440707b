"""Where TensorFlow 1 kept its tutorials: the MNIST reader, and a program of that kind."""
