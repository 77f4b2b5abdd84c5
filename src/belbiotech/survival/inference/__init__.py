"""What all estimates share: variances, limits, tests, tables of coefficients.

In: scores, information, coefficients. Out: robust variances, intervals, test results, reports in
text, Markdown and LaTeX. Imports rows and plots.
"""
