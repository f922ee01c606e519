"""The documentation site: a page a source, table, method and command, made from what declares them.

Pages are Markdown, made anew at each build; `hooks.py` gives them to MkDocs beside those that people wrote
(`infra/docs`).
"""
