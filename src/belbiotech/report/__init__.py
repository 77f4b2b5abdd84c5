"""From estimates to pages: labels, tables, sentences, and a report as one web page and a PDF.

Needs the extra ``paper`` for the pages (jinja2 and typst).
"""
