"""The demo data: support logs of the invented web shop "Lumen", with known faults."""
