"""Several states: where units are at each time, and what moves them from one state to another.

`multi_state` estimates state occupation from start-stop rows, `cox_states` the effects of
covariates on each transition.
"""
