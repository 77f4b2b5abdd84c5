"""Published files: zips looked into, CSV members as streams, what their cells mean.

Imports of facts only what a problem is.
"""
