from .dataset.catalog.cite import cite as cite
from .dataset.catalog.conflicts import conflicts as conflicts
from .dataset.catalog.diff import diff as diff
from .dataset.catalog.load import codebook as codebook
from .dataset.catalog.load import load_panel as load_panel
from .dataset.catalog.load import load_table as load_table
from .dataset.catalog.load import load_tables as load_tables
from .dataset.catalog.provenance import sources_of as sources_of
from .dataset.catalog.register_panel import register_panel as register_panel
from .dataset.catalog.shipped import merge_with_shipped as merge_with_shipped
from .dataset.documents.difference import Difference as Difference
from .dataset.exports.export import export as export
from .dataset.facts.merge import merge_facts as merge_facts
from .dataset.facts.new import new_facts as new_facts
from .dataset.facts.read import read_facts as read_facts
from .dataset.panel.at_scale import PanelFiles as PanelFiles
from .dataset.panel.build import build as build
from .dataset.releases.store import versions as versions
from .dataset.releases.verify import verify as verify
from .errors import BelbiotechError as BelbiotechError
from .errors import BelbiotechWarning as BelbiotechWarning
from .errors import EngineError as EngineError
from .errors import FactsError as FactsError
from .errors import FitError as FitError
from .errors import FormulaError as FormulaError
from .errors import PanelError as PanelError
from .errors import ReleaseError as ReleaseError
from .report.describe import Description as Description
from .report.describe import correlations as correlations
from .report.describe import describe_panel as describe_panel
from .studies.audit.bias import bias_audit as bias_audit
from .studies.e_value import e_value as e_value
from .studies.permutation import PermutationResult as PermutationResult
from .studies.permutation import permutation_test as permutation_test
from .studies.power import power as power
from .studies.refit import refit as refit
from .studies.register_coverage import coverage as coverage
from .studies.simulation.coverage import coverage_study as coverage_study
from .studies.simulation.facts import simulate_facts as simulate_facts
from .studies.simulation.panel import simulate_panel as simulate_panel
from .studies.specification import specification_curve as specification_curve
from .survival.causal.bias_surface import bias_surface as bias_surface
from .survival.causal.controls import calendar_placebo as calendar_placebo
from .survival.causal.controls import negative_control as negative_control
from .survival.causal.g_formula import g_formula as g_formula
from .survival.causal.marginal_structural import (
    marginal_structural_cox as marginal_structural_cox,
)
from .survival.causal.marginal_structural import (
    marginal_structural_discrete as marginal_structural_discrete,
)
from .survival.causal.sequential_trials import sequential_trials as sequential_trials
from .survival.causal.weights import censoring_weights as censoring_weights
from .survival.causal.weights import exposure_weights as exposure_weights
from .survival.competing.causes import cox_causes as cox_causes
from .survival.competing.cumulative_incidence import cumulative_incidence as cumulative_incidence
from .survival.competing.fine_gray import fine_gray as fine_gray
from .survival.competing.gray import gray_test as gray_test
from .survival.cox.choose_ridge import RidgeChoice as RidgeChoice
from .survival.cox.choose_ridge import choose_ridge as choose_ridge
from .survival.cox.estimate import cox as cox
from .survival.cox.result import CoxResult as CoxResult
from .survival.curves.kaplan_meier import kaplan_meier as kaplan_meier
from .survival.curves.kaplan_meier_result import KaplanMeierResult as KaplanMeierResult
from .survival.curves.logrank import logrank_test as logrank_test
from .survival.curves.logrank import pairwise_logrank as pairwise_logrank
from .survival.curves.mean_cumulative import mean_cumulative_function as mean_cumulative_function
from .survival.curves.pseudo_values import pseudo_values as pseudo_values
from .survival.curves.rates import rates as rates
from .survival.curves.restricted_mean import restricted_mean as restricted_mean
from .survival.curves.restricted_mean import (
    restricted_mean_difference as restricted_mean_difference,
)
from .survival.discrete.causes import discrete_hazard_causes as discrete_hazard_causes
from .survival.discrete.hazard import discrete_hazard as discrete_hazard
from .survival.engines.panel_check import check_panel as check_panel
from .survival.formulas.functions import register_function as register_function
from .survival.inference.regression import RegressionTable as RegressionTable
from .survival.inference.regression import regression_table as regression_table
from .survival.inference.test_result import TestResult as TestResult
from .survival.measures.accuracy import PredictionAccuracy as PredictionAccuracy
from .survival.measures.accuracy import prediction_accuracy as prediction_accuracy
from .survival.measures.standardised import StandardisedSurvival as StandardisedSurvival
from .survival.measures.standardised import standardised_survival as standardised_survival
from .survival.parametric.aft import aft as aft
from .survival.parametric.aft import compare_distributions as compare_distributions
from .survival.parametric.piecewise import piecewise_exponential as piecewise_exponential
from .survival.parametric.piecewise_result import PiecewiseResult as PiecewiseResult
from .survival.rows.from_flat import from_flat as from_flat
from .survival.rows.from_spells import from_spells as from_spells
from .survival.rows.recurrent import recurrent_rows as recurrent_rows
from .survival.rows.timeline import merge_timeline as merge_timeline
from .survival.rows.timeline import split_at as split_at
from .survival.states.cox_states import cox_states as cox_states
from .survival.states.multi_state import multi_state as multi_state

__version__: str
