"""What each reader is made of: the layout of its files, and the way from rows to facts.

Imports `files` of the same room, and facts.
"""
