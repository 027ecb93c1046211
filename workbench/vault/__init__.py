"""The vault: what publishing took out of the rows, encrypted, so that it can be put back.

It is kept only when asked for. Its key comes from the environment and is stored nowhere;
without the key the file says how large it is and nothing else.
"""
