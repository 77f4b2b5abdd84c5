import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from belbiotech import plots
from belbiotech.errors import BelbiotechError
from belbiotech.plots.legends import _path_of
from belbiotech.plots.look import wrapped

LONG = "Contract development and manufacturing organisations for biologicals, part {}"


@pytest.fixture
def curves():
    return pd.DataFrame(
        {
            "group": ["no alliance"] * 3 + ["alliance"] * 3,
            "time": [1, 2, 4, 1, 3, 4],
            "survival": [0.9, 0.8, 0.5, 1.0, 0.7, 0.7],
            "lower": [0.8, 0.6, 0.2, np.nan, 0.4, 0.4],
            "upper": [0.97, 0.9, 0.8, np.nan, 0.9, 0.9],
            "at_risk": [10, 8, 3, 7, 6, 2],
        }
    )


def texts(axes):
    return [(text.get_position(), text.get_text()) for text in axes.texts]


def test_numbers_at_risk_stand_under_their_ticks(curves):
    figure = plots.step_curves(curves, value="survival", at_risk=curves, title="t")
    axes, below = figure.axes
    ticks = set(np.round(axes.get_xticks(), 6))
    written = texts(below)
    assert {position[0] for position, _ in written} <= ticks
    at = {(position[1], position[0]): text for position, text in written}
    assert at[0, 0.0] == "10"  # the next time is 1, where ten are at risk
    assert at[1, 2.0] == "6"  # the next time of the second group is 3
    assert below.get_xlim() == axes.get_xlim()


def test_under_the_tick_at_0_stand_those_at_risk_just_after_it(curves):
    steps = pd.DataFrame({"group": "all", "time": [0, 2, 3, 4], "at_risk": [0, 5, 7, 2]})
    one = curves[curves["group"] == "alliance"]
    figure = plots.step_curves(one, value="survival", at_risk=steps)
    numbers = {position[0]: text for position, text in texts(figure.axes[1])}
    assert [numbers[tick] for tick in (0.0, 1.0, 2.0, 3.0, 4.0)] == ["5", "5", "5", "7", "2"]


def grouped(names):
    """Curves of some groups that end at different heights."""
    parts = [
        pd.DataFrame(
            {
                "group": name,
                "time": [1, 2, 4],
                "survival": 1 - np.array([1, 2, 4]) * (k + 1) / (8 * len(names)),
                "lower": 0.1,
                "upper": 0.95,
                "at_risk": [1234, 8, 3],
            }
        )
        for k, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


def boxes(figure):
    """Places, in pixels, of the legend, the first axes, and the figure."""
    figure.draw_without_rendering()
    legend = figure.legends[0] if figure.legends else figure.axes[0].get_legend()
    return legend.get_window_extent(), figure.axes[0].get_window_extent(), figure.bbox


def test_no_two_of_seven_curves_look_alike():
    lines = plots.step_curves(grouped([f"g{k}" for k in range(7)]), value="survival").axes[0].lines
    assert len({to_hex(line.get_color()) for line in lines}) == 7
    assert len({line._unscaled_dash_pattern for line in lines}) == 7


def test_more_than_seven_curves_have_a_panel_each_with_its_numbers():
    table = grouped([f"g{k}" for k in range(11)])
    figure = plots.step_curves(table, value="survival", at_risk=table, labels={"g3": "third"})
    shown = [axes for axes in figure.axes if axes.get_visible()]
    panels = [axes for axes in shown if axes.lines]
    names = [axes.get_title(loc="left") for axes in panels]
    assert names == ["g0", "g1", "g2", "third", *(f"g{k}" for k in range(4, 11))]
    assert len(shown) == 22
    assert {axes.get_xlim() for axes in panels} == {(0.0, 4.0)}
    assert all(len(axes.lines) == 12 for axes in panels)  # the others, and its own
    assert texts_outside(figure) == []


def test_more_curves_than_a_page_holds_are_refused_with_advice():
    table = grouped([f"g{k}" for k in range(31)])
    with pytest.raises(BelbiotechError, match="31 curves have no room.*fewer groups"):
        plots.step_curves(table, value="survival")
    figure = mpl.figure.Figure()
    with pytest.raises(BelbiotechError, match="8 curves cannot be told apart in the axes of ax="):
        plots.step_curves(
            grouped([f"g{k}" for k in range(8)]), value="survival", ax=figure.subplots()
        )
    many = pd.DataFrame({"group": "all", "outcome": [f"o{k}" for k in range(8)], "time": 1})
    with pytest.raises(BelbiotechError, match="8 outcomes cannot be told apart"):
        plots.stacked_incidence(many.assign(incidence=0.1))


@pytest.mark.parametrize(("groups", "bands"), [(2, 2), (4, 4), (5, 0)])
def test_bands_are_drawn_up_to_four_curves(groups, bands):
    figure = plots.step_curves(grouped([f"g{k}" for k in range(groups)]), value="survival")
    assert len(figure.axes[0].collections) == bands
    assert len(plots.step_curves(grouped("ab"), value="survival", lower=None).axes[0].lines) == 2


@pytest.mark.parametrize(
    "names",
    [[f"g{k}" for k in range(5)], [f"g{k}" for k in range(7)], [LONG.format(k) for k in "ab"]],
    ids=["five", "seven", "long"],
)
@pytest.mark.parametrize("numbers", [True, False])
def test_many_or_long_names_stand_outside_the_axes(names, numbers):
    table = grouped(names)
    figure = plots.step_curves(table, value="survival", at_risk=table if numbers else None)
    legend, axes, whole = boxes(figure)
    assert legend.x0 >= axes.x1
    assert legend.x1 <= whole.x1
    assert legend.y0 >= whole.y0
    assert axes.width > 4.5 * figure.dpi  # the figure has grown: seven inches without a legend
    written = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [" ".join(text.split()) for text in written] == names
    assert max(len(line) for text in written for line in text.splitlines()) <= 26


@pytest.mark.parametrize("name", ["", "BE-WAL", "x" * 60, "No active alliance, year before", 7])
def test_a_wrapped_name_keeps_its_letters(name):
    lines = wrapped(name).splitlines()
    assert "".join("".join(lines).split()) == str(name).replace(" ", "")
    assert all(len(line) <= 26 for line in lines)
    assert len(lines) == -(-len(str(name)) // 26)


def test_few_short_names_stand_in_the_axes(curves):
    legend, axes, _ = boxes(plots.step_curves(curves, value="survival"))
    assert axes.x0 <= legend.x0 < legend.x1 <= axes.x1


def test_long_names_of_numbers_at_risk_are_wrapped_and_do_not_touch():
    table = grouped([LONG.format(k) for k in range(5)])
    figure = plots.step_curves(table, value="survival", at_risk=table)
    figure.draw_without_rendering()
    below = figure.axes[1]
    labels = [label.get_window_extent() for label in below.get_yticklabels()]
    assert all(above.y0 >= under.y1 for above, under in zip(labels, labels[1:], strict=False))
    first = [text for text in below.texts if text.get_position()[0] == 0]
    assert [text.get_text() for text in first] == ["1,234"] * 5
    assert max(box.x1 for box in labels) < min(text.get_window_extent().x0 for text in first)
    assert all(text.get_fontsize() >= 8 for text in [*below.texts, *below.get_yticklabels()])


def test_one_group_needs_no_legend(curves):
    figure = plots.step_curves(curves[curves["group"] == "alliance"], value="survival")
    assert figure.axes[0].get_legend() is None


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_saved_twice_gives_the_same_bytes(curves, tmp_path, suffix):
    files = [
        plots.save(plots.step_curves(curves, value="survival"), tmp_path / f"{name}{suffix}")
        for name in "ab"
    ]
    first, second = (file.read_bytes() for file in files)
    assert first == second


def test_a_line_without_an_estimate_says_so():
    table = pd.DataFrame(
        {
            "group": ["Failure", "Failure"],
            "label": ["active alliances", "vaccines"],
            "estimate": [0.8, np.nan],
            "lower": [0.5, np.nan],
            "upper": [1.3, np.nan],
        }
    )
    figure = plots.forest(table)
    assert [text.get_text().strip() for text in figure.axes[0].texts] == ["not estimated"]
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["Failure", "active alliances", "vaccines"]


EXTREME = pd.DataFrame(
    {
        "label": ["near", "far", "no end", "tiny"],
        "estimate": [1.2, 1e20, 0.8, 3e-9],
        "lower": [0.7, 1e-135, 0.5, 1e-12],
        "upper": [2.0, 1e176, np.inf, 1e-6],
    }
)


def test_arrows_say_that_intervals_go_on():
    axes = plots.forest(EXTREME).axes[0]
    marks = {
        (line.get_marker(), line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_marker() in "<>"
    }
    assert marks == {("<", 0.01, 1), (">", 100, 1), (">", 100, 2), ("<", 0.01, 3)}
    squares = {line.get_ydata()[0] for line in axes.lines if line.get_marker() == "s"}
    assert squares == {0, 2}
    assert [text.get_text() for text in axes.texts] == ["1e+20", "3e-09"]
    low, high = axes.get_xlim()
    assert 0.005 < low < 0.01
    assert 100 < high < 200


def test_differences_have_no_arrows():
    axes = plots.forest(EXTREME[:1].assign(upper=500.0), reference=0.0, log=False).axes[0]
    assert not [line for line in axes.lines if line.get_marker() in "<>"]
    assert axes.get_xlim()[1] > 500


@pytest.mark.parametrize("upper", [1.5, 4, 40, 1e3, 1e9, 1e176, np.inf])
def test_ticks_of_ratios_do_not_touch(upper):
    axes = plots.forest(EXTREME[:1].assign(lower=1 / upper, upper=upper)).axes[0]
    axes.figure.draw_without_rendering()
    low, high = axes.get_xlim()
    labels = [
        label.get_window_extent()
        for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if low <= tick <= high and label.get_text()
    ]
    assert 3 <= len(labels) <= 9
    assert all(one.x1 + 4 < other.x0 for one, other in zip(labels, labels[1:], strict=False))


def test_stacked_shares_lie_on_each_other():
    table = pd.DataFrame(
        {
            "group": "all",
            "outcome": ["failure", "failure", "acquisition", "acquisition"],
            "time": [1, 2, 1, 2],
            "incidence": [0.1, 0.2, 0.0, 0.3],
        }
    )
    axes = plots.stacked_incidence(table).axes[0]
    tops = [area.get_paths()[0].vertices[:, 1].max() for area in axes.collections]
    assert tops == pytest.approx([0.2, 0.5])


def test_specifications_stand_in_order_of_their_estimate():
    table = pd.DataFrame(
        {
            "outcome": ["failure", "exit", "exit"],
            "hazard_ratio": [2.0, 0.5, np.nan],
            "lower": [1.1, 0.2, np.nan],
            "upper": [4.0, 1.2, np.nan],
        }
    )
    figure = plots.specification_curve(table, choices=["outcome"])
    drawn = sorted(
        tuple(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 1
    )
    assert drawn == [(0.5,), (2.0,)]
    assert "2 specifications" in figure.axes[1].get_xlabel()


def test_bars_tell_their_totals():
    table = pd.DataFrame({"segment": ["a", "b", "a"], "firms": [3, 5, 1], "fate": ["x", "x", "y"]})
    axes = plots.bars(table, category="segment", value="firms", group="fate").axes[0]
    assert [text.get_text().strip() for text in axes.texts] == ["4", "5"]


def test_a_panel_for_each_term():
    table = pd.DataFrame({"panel": list("aabb"), "time": [1, 2, 1, 2], "value": [0.1, 0.2, 0.3, 1]})
    figure = plots.scatter_smooth(table)
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()] == ["a", "b"]


def smoothed(values):
    """A panel whose smooth is 1 everywhere, with a band from 0 to 2."""
    points = {"panel": "a", "time": range(len(values)), "value": values}
    return pd.DataFrame(points | {"smooth": 1.0, "lower": 0.0, "upper": 2.0})


def test_points_far_off_are_triangles_at_the_edge():
    figure = plots.scatter_smooth(smoothed([0.5, 1, 1.5, 1, 1, 2.5, 45, -45, 60]))
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    assert -1.5 < low <= -1
    assert 3 <= high < 3.5
    up, down = (
        [line for line in axes.lines if line.get_marker() == mark][0].get_xydata().tolist()
        for mark in "^v"
    )
    assert up == [[6, high], [8, high]]
    assert down == [[7, low]]
    (dots,) = (line for line in axes.lines if line.get_marker() == "o")
    assert len(dots.get_xdata()) == 6
    assert figure.get_supxlabel() == "Triangles at the edge: 3 of 9 points lie beyond it"


def test_points_near_by_are_all_shown():
    figure = plots.scatter_smooth(smoothed([0.5, 1, 1.5]))
    assert figure.axes[0].get_ylim() == pytest.approx((-0.08, 2.08))  # the band, and a margin
    assert not figure.get_supxlabel()
    assert not [line for line in figure.axes[0].lines if line.get_marker() in "^v"]


def test_the_middle_half_of_the_points_is_always_shown():
    low, high = plots.scatter_smooth(smoothed([-30, -20, 20, 30] * 5)).axes[0].get_ylim()
    assert low <= -20
    assert high >= 20


def test_figures_are_shown_without_pyplot(curves, tmp_path):
    figure = plots.step_curves(curves, value="survival")
    assert isinstance(figure, mpl.figure.Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.savefig(tmp_path / "own.pdf")
    assert (tmp_path / "own.pdf").stat().st_size


def test_a_figure_needs_no_pyplot():
    script = (
        "import sys, pandas as pd; from belbiotech import plots; "
        "plots.bars(pd.DataFrame({'a': ['x'], 'n': [1]}), category='a', value='n'); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert shown.stdout.strip() == "False", shown.stderr


def test_the_users_settings_stay(curves):
    before = dict(mpl.rcParams)
    plots.step_curves(curves, value="survival")
    assert dict(mpl.rcParams) == before


def test_a_long_title_stays_within_the_axes():
    table = pd.DataFrame(
        {"label": ["a long label " * 3], "estimate": 1.0, "lower": 0.5, "upper": 2}
    )
    title = "Cox models of competing fates: " + " + ".join(["covariate"] * 12)
    axes = plots.forest(table, title=title).axes[0]
    axes.figure.draw_without_rendering()
    (text,) = (t for t in axes.get_children() if getattr(t, "get_text", str)().startswith("Cox"))
    assert text.get_window_extent().width <= axes.get_window_extent().width
    assert " ".join(text.get_text().split()) == title


def test_pyplot_knows_the_last_figure_until_it_is_saved(curves, tmp_path):
    """``plt.savefig()`` finds it; where there are no windows none piles up."""
    from matplotlib import pyplot

    pyplot.close("all")
    own = pyplot.figure()
    before = pyplot.get_fignums()
    for _ in range(3):
        figure = plots.step_curves(curves, value="survival")
    opened = set(pyplot.get_fignums()) - set(before)
    assert [pyplot.figure(number) for number in opened] == [figure]
    plots.save(figure, tmp_path / "figure.png")
    assert pyplot.get_fignums() == before
    pyplot.close(own)


def test_where_there_are_windows_pyplot_shows_all_of_them(curves, monkeypatch):
    """``plt.show()`` in a script opens what it finds there."""
    from matplotlib import pyplot

    pyplot.close("all")
    monkeypatch.setattr(pyplot, "get_backend", lambda: "TkAgg")
    made = [plots.step_curves(curves, value="survival") for _ in range(2)]
    assert [pyplot.figure(number) for number in pyplot.get_fignums()] == made
    pyplot.close("all")


def test_a_notebook_shows_a_figure_once(curves, monkeypatch):
    """What a cell ends with is shown, and then not among those that pyplot has to show."""
    display = pytest.importorskip("IPython.display")
    from matplotlib import pyplot

    pyplot.close("all")
    shown = []
    monkeypatch.setattr(display, "display", lambda data, **options: shown.append(sorted(data)))
    figure = plots.step_curves(curves, value="survival")
    assert pyplot.get_fignums()
    figure._ipython_display_()
    assert shown == [["image/png", "text/plain"]]
    assert not pyplot.get_fignums()


def drawn_under(figure, legend):
    """Curves that pass under a legend."""
    figure.draw_without_rendering()
    return [line for line in figure.axes[0].lines if _path_of(line).intersects_bbox(legend, False)]


@pytest.mark.parametrize("height", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("own", [True, False])
def test_no_legend_stands_on_a_curve(height, own):
    """Four curves that fill the axes, at different heights."""
    table = grouped([f"group {k}" for k in range(4)])
    table["survival"] = table["survival"] * height + np.tile([0.05, 0.0, -0.05], 4)
    axes = None if own else mpl.figure.Figure(layout="constrained").subplots()
    figure = plots.step_curves(table, value="survival", ax=axes)
    legend, *_ = boxes(figure)
    assert not drawn_under(figure, legend)
    assert texts_outside(figure) == [] or not own


def test_curves_that_leave_no_room_are_named_beside():
    table = grouped(["a", "b"])
    up_and_down = [table.assign(time=k / 10, survival=0.02 + 0.96 * (k % 2)) for k in range(40)]
    many = pd.concat(up_and_down).drop_duplicates(["group", "time"]).sort_values(["group", "time"])
    figure = plots.step_curves(many, value="survival", lower=None)
    legend, axes, whole = boxes(figure)
    assert axes.x1 <= legend.x0 < legend.x1 <= whole.x1


def test_a_users_axes_are_drawn_into_and_keep_their_figure(curves):
    figure = mpl.figure.Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    table = pd.DataFrame({"label": ["x"], "estimate": [1.2], "lower": [0.9], "upper": [1.6]})
    assert plots.step_curves(curves, value="survival", at_risk=curves, ax=left, title="a") is figure
    assert plots.forest(table, ax=right, title="b") is figure
    assert [axes.get_title(loc="left") for axes in (left, right)] == ["a", "b"]
    assert figure.get_size_inches().tolist() == [9, 4]
    (below,) = left.child_axes
    assert below.get_xlim() == left.get_xlim()
    assert [text.get_text() for text in below.texts][:2] == ["10", "10"]
    assert texts_outside(figure) == []


@pytest.mark.parametrize("ax", ["axes", 3, ["a"], []])
def test_what_is_no_axes_is_refused(curves, ax):
    with pytest.raises(BelbiotechError, match="ax must be an Axes of matplotlib"):
        plots.step_curves(curves, value="survival", ax=ax)


def test_panels_need_as_many_axes():
    table = pd.DataFrame({"panel": list("aabb"), "time": [1, 2, 1, 2], "value": [0.1, 0.2, 0.3, 1]})
    figure = mpl.figure.Figure()
    with pytest.raises(BelbiotechError, match="ax must be 2 Axes, one for each panel; it is 3"):
        plots.scatter_smooth(table, ax=figure.subplots(1, 3))
    assert plots.scatter_smooth(table, ax=mpl.figure.Figure().subplots(1, 2), labels={"a": "A"})


@pytest.mark.parametrize(
    ("palette", "wanted"),
    [
        (["red", "#00f"], ["#ff0000", "#0000ff"]),
        ({"alliance": "black"}, ["#0072b2", "#000000"]),
        ("tab10", ["#1f77b4", "#ff7f0e"]),
        ("black", ["#000000", "#000000"]),
    ],
)
def test_colours_of_ones_own(curves, palette, wanted):
    figure = plots.step_curves(curves, value="survival", palette=palette)
    assert [to_hex(line.get_color()) for line in figure.axes[0].lines] == wanted
    assert len(set(map(to_hex, plots.palette.colours_of("viridis", range(5))))) == 5


@pytest.mark.parametrize("palette", ["no such map", ["red", "ruby red"], {"alliance": 3}, [], 7])
def test_what_is_no_colour_is_refused(curves, palette):
    with pytest.raises(BelbiotechError, match="palette"):
        plots.step_curves(curves, value="survival", palette=palette)


def test_names_of_ones_own(curves):
    labels = {"alliance": "signed", "x": "unused"}
    figure = plots.step_curves(curves, value="survival", at_risk=curves, labels=labels)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == [t.get_text() for t in figure.axes[1].get_yticklabels()]
    assert legend == ["no alliance", "signed"]
    with pytest.raises(BelbiotechError, match="labels is a mapping"):
        plots.step_curves(curves, value="survival", labels=["a", "b"])


HOSTILE = ["_none", "", "US$5m-US$10m", "$\\alpha_{$", "a\x00b\x1b[31m", "x" * 160, "word " * 32]


def texts_outside(figure):
    """Texts that are drawn beyond the figure's edges, or as mathematics."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    found = []
    for text in figure.findobj(Text):
        if not any(mark.isalpha() for mark in text.get_text()):
            continue  # numbers of an axis, some of which are beyond its ends and not drawn
        assert not ("$" in text.get_text() and text.get_parse_math())
        box = text.get_window_extent(canvas.get_renderer())
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            found.append(text.get_text())
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_shown_as_it_is(name):
    """In the legend of curves, beside estimates and bars, in lines of time."""
    curves = pd.DataFrame({"group": ["low", name] * 2, "time": [1, 1, 2, 2], "value": 0.5})
    risk = curves.assign(at_risk=3)
    figure = plots.step_curves(curves, value="value", lower=None, upper=None, at_risk=risk)
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    shown = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
    assert len(shown) == 2
    plain = "".join(mark for mark in name if mark.isprintable()).replace(" ", "")
    assert "".join(shown[1].split()) == (plain or "(blank)")
    assert not texts_outside(figure)
    ratios = pd.DataFrame({"label": ["low", name], "estimate": 1.1, "lower": 0.9, "upper": 1.3})
    assert not texts_outside(plots.forest(ratios))
    parts = pd.DataFrame({"name": ["a", name], "kind": [name, "b"], "number": [1, 2]})
    assert not texts_outside(plots.bars(parts, category="name", value="number", group="kind"))
