"""The dial: how strong an adapter, which checkpoint, or which merge of several, gives most and costs least."""

from workbench.dial.chart import dial_chart, strength_chart
from workbench.dial.confirming import gate_evaluation
from workbench.dial.creating import create_dial
from workbench.dial.running import turn_dial
from workbench.dial.scaling import scaled_adapter
from workbench.dial.settings import DialSettings

__all__ = [
    "DialSettings",
    "create_dial",
    "dial_chart",
    "gate_evaluation",
    "scaled_adapter",
    "strength_chart",
    "turn_dial",
]
