"""What runs in processes of its own, each a module with a command line and replies on its output.

All reply in lines of JSON; the first describes the process, or says ``{"missing": "tensorflow"}``.
"""
