"""The assessment of a dataset version: what it holds, what is wrong with it, whether it is enough.

`measuring.assess` computes one frozen result; HTML, JSON and Markdown are written from it.
"""
