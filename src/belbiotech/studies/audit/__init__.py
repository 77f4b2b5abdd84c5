"""What an estimate of an alliance study rests on, step by step from a naive design to a sound one.

In: a panel or facts. Out: one table of estimates by design, placebos beside. Imports studies.
"""
