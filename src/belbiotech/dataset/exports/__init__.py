"""A release for other programs: one module for each kind of file."""
