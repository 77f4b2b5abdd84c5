"""Several states: where units are at each time, and what moves them from one state to another.

In: start-stop rows with the state entered at stop. Out: state occupation (`multi_state`), effects
of covariates on each transition (`cox_states`). Imports measures and all rooms below, and plots.
"""
