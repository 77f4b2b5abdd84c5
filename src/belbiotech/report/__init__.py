"""From estimates to pages: labels, tables, sentences, and a report as one web page and a PDF.

In: results and rows. Out: tables and pages, which need the extra ``paper`` (jinja2 and typst).
May import studies, dataset, survival and plots.
"""
