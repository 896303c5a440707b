"""L3, build the pipe once, then pump data through it: captured programs, and Symbols in a Session.

Imports the core and the table of primitives.
"""
