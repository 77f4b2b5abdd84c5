from .dataset.catalog import codebook as codebook
from .dataset.catalog import load_panel as load_panel
from .dataset.catalog import load_table as load_table
from .dataset.facts import read_facts as read_facts
from .dataset.panel import build as build
from .dataset.provenance import sources_of as sources_of
from .dataset.store import versions as versions
from .dataset.verify import verify as verify
from .errors import BelbiotechError as BelbiotechError
from .errors import BelbiotechWarning as BelbiotechWarning
from .errors import FactsError as FactsError
from .errors import FitError as FitError
from .errors import FormulaError as FormulaError
from .errors import PanelError as PanelError
from .errors import ReleaseError as ReleaseError
from .studies.simulate import simulate_panel as simulate_panel
from .studies.simulated_facts import simulate_facts as simulate_facts
from .survival.cox import cox as cox
from .survival.curves import kaplan_meier as kaplan_meier
from .survival.discrete import discrete_hazard as discrete_hazard
from .survival.logrank import TestResult as TestResult
from .survival.logrank import logrank_test as logrank_test
from .survival.logrank import pairwise_logrank as pairwise_logrank
from .survival.panel_check import check_panel as check_panel
from .survival.restricted_mean import restricted_mean as restricted_mean
from .survival.restricted_mean import restricted_mean_difference as restricted_mean_difference

__version__: str
