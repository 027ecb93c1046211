"""Charts: bars, losses, scores with intervals. Two marks besides two colours, always an alt text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from workbench.markup import standalone_svg

TOP = 20
BLUE = "#2457c5"
INK = "#344054"
COLOURS = ["#667085", "#a15c00", "#2457c5", "#1a7f5a", "#7a3fb0", "#b42318"]


def bars(counts: dict[str, int], title: str) -> None:
    """Counts as horizontal bars, largest first; beyond twenty the rest is a line of text."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    rows = [{"name": name or "(none)", "rows": count} for name, count in ranked[:TOP]]
    scale = alt.Scale(domain=[0, 1.15 * max((count for _, count in ranked), default=1)])
    axis = alt.Axis(labelLimit=240, labelColor=INK, labelFontSize=13, ticks=False, domain=False)
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=axis),
        x=alt.X("rows:Q", title=None, axis=None, scale=scale),
    )
    text = base.mark_text(align="left", dx=5, color=INK, fontSize=13).encode(
        text=alt.Text("rows:Q", format=",")
    )
    bar = base.mark_bar(color=BLUE, cornerRadiusEnd=3, height=14)
    st.altair_chart((bar + text).properties(height=alt.Step(24)), alt=title)
    if len(ranked) > TOP:
        rest = sum(count for _, count in ranked[TOP:])
        st.markdown(f"{len(ranked) - TOP} others hold {rest:,} rows together.")


def loss_chart(points: Sequence[dict[str, Any]], title: str) -> None:
    """Train, held-out and retained loss over steps; the retained line is the forgetting curve."""
    if len(points) < 2:
        return
    order = ["train", "held-out", "retained"]
    series = alt.Scale(domain=order, range=["#667085", BLUE, "#b4501f"])
    dash = alt.Scale(domain=order, range=[[2, 2], [1, 0], [7, 4]])
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=500, labelFontSize=13)
    base = alt.Chart(alt.Data(values=list(points))).encode(
        x=alt.X("step:Q", title="optimizer step", axis=alt.Axis(format="d", tickMinStep=1, tickCount=10)),
        y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6)),
        color=alt.Color("series:N", scale=series, legend=legend),
        tooltip=["series:N", "step:Q", alt.Tooltip("loss:Q", format=".4f")],
    )
    lines = base.mark_line(strokeWidth=2.5).encode(
        strokeDash=alt.StrokeDash("series:N", scale=dash, legend=legend)
    )
    marks = base.mark_point(size=30, filled=True)
    st.altair_chart((lines + marks).properties(height=300), alt=title)


def score_chart(tasks: Sequence[dict[str, Any]], arms: Sequence[str], title: str) -> None:
    """Every arm's score on every task as a dot with its 95 % interval."""
    rows = [{**task, **{key: 100 * task[key] for key in ("value", "low", "high")}} for task in tasks]
    names = list(dict.fromkeys(row["task"] for row in rows))
    colours = alt.Scale(domain=list(arms), range=[COLOURS[i % len(COLOURS)] for i in range(len(arms))])
    legend = alt.Legend(title=None, orient="top", labelFontSize=13)
    axis = alt.Axis(labelLimit=240, labelColor=INK, labelFontSize=13, ticks=False, grid=True, bandPosition=0)
    numbers = [alt.Tooltip(f"{key}:Q", format=".1f") for key in ("value", "low", "high")]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("task:N", sort=names, title=None, axis=axis),
        yOffset=alt.YOffset("arm:N", sort=list(arms)),
        color=alt.Color("arm:N", scale=colours, sort=list(arms), legend=legend),
        tooltip=["task:N", "arm:N", "n:Q", *numbers],
    )
    scale = alt.X("low:Q", title="score in %, with 95 % interval", scale=alt.Scale(domain=[0, 100]))
    rules = base.mark_rule(strokeWidth=2.5).encode(x=scale, x2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x="value:Q", shape=alt.Shape("arm:N", sort=list(arms), legend=legend)
    )
    step = alt.Step(18, **{"for": "offset"})
    st.altair_chart((rules + dots).properties(height=step), alt=title)


def trend_chart(points: Sequence[dict[str, Any]], title: str) -> None:
    """A task's change against the base, candidate after candidate, with the gate's bounds."""
    rows = [
        {**point, **{key: 100 * point[key] for key in ("delta", "low", "high", "new")}, "number": number}
        for number, point in enumerate(points, 1)
    ]
    verdicts = ["retained", "improved", "forgotten", "not_improved", "inconclusive", "not_measurable"]
    colours = alt.Scale(
        domain=verdicts, range=["#1a7f5a", "#1a7f5a", "#b42318", "#b42318", "#a15c00", "#667085"]
    )
    shapes = alt.Scale(domain=verdicts, range=["circle", "circle", "cross", "cross", "triangle-up", "square"])
    shown = sorted({row["verdict"] for row in rows})
    legend = alt.Legend(title=None, orient="top", labelFontSize=13, values=shown)
    axis = alt.Axis(tickMinStep=1, format="d", tickCount=max(1, min(len(rows), 12)))
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "number:Q",
            title="candidates, oldest first",
            axis=axis,
            scale=alt.Scale(domain=[0.5, len(rows) + 0.5]),
        ),
        tooltip=["when:N", "arm:N", "verdict:N", "n:Q", alt.Tooltip("delta:Q", format="+.1f")],
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color="#98a2b3").encode(y="y:Q")
    y = alt.Y("low:Q", title="change against the base, points", scale=alt.Scale(zero=True))
    line = base.mark_line(color="#98a2b3", strokeWidth=1.5).encode(y="delta:Q")
    bounds = base.mark_rule(strokeWidth=2.5).encode(
        y=y, y2="high:Q", color=alt.Color("verdict:N", scale=colours, legend=legend)
    )
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        y="delta:Q",
        color=alt.Color("verdict:N", scale=colours, legend=legend),
        shape=alt.Shape("verdict:N", scale=shapes, legend=legend),
    )
    rings = (
        base.transform_filter("datum.approved")
        .mark_point(size=330, color=BLUE, strokeWidth=2)
        .encode(y="delta:Q")
    )
    st.altair_chart((zero + line + bounds + dots + rings).properties(height=300), alt=title)


def svg(chart: str, title: str) -> None:
    """An SVG chart of the report, as an image: nothing in it can run."""
    if chart:
        st.image(standalone_svg(str(chart)), alt=title, width="stretch")
