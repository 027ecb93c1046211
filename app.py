"""The app: ``streamlit run app.py``, or ``workbench ui``. Navigation only."""

from __future__ import annotations

from pages.shell import navigation, sidebar

page = navigation()
sidebar()
page.run()
