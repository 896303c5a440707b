"""L3, build the pipe once, then pump data through it: captured functions and their programs.

Imports the core and the table of primitives.
"""
