"""Planning: how many items it takes to see a loss, or to rule it out."""

from workbench.planning.items import Design, Plan, exact_power, plan_items, plan_table
from workbench.planning.pilot import PilotPlan, plan_from_pilot

__all__ = ["Design", "PilotPlan", "Plan", "exact_power", "plan_from_pilot", "plan_items", "plan_table"]
