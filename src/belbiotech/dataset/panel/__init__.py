"""Facts in, firm-years out.

In: `Facts`. Out: the tables of one state of the data, the panel among them. Imports facts.
"""
