"""The app: ``streamlit run app.py``, or ``workbench ui``. Navigation only."""

from __future__ import annotations

import streamlit as st

from pages.shell import sidebar

st.set_page_config(page_title="Workbench", page_icon=":material/model_training:", layout="wide")
page = st.navigation(
    {
        "Data": [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/import.py", title="Import", icon=":material/upload_file:"),
            st.Page("pages/recipe.py", title="Recipe", icon=":material/receipt_long:"),
            st.Page("pages/review.py", title="Review", icon=":material/rule:"),
            st.Page("pages/coverage.py", title="Coverage", icon=":material/donut_small:"),
        ],
        "Model": [
            st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
            st.Page("pages/runs.py", title="Runs", icon=":material/list_alt:"),
        ],
        "Release": [
            st.Page("pages/evaluate.py", title="Evaluate", icon=":material/query_stats:"),
            st.Page("pages/approve.py", title="Approve", icon=":material/verified:"),
        ],
    },
    expanded=True,
)
sidebar()
page.run()
