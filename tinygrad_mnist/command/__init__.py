"""L6, the command ``tinygrad-mnist``: what it parses, runs, writes and draws."""
