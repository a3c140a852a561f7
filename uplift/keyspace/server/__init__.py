"""One Redis node.

Its address, connection, facts, reading pages and big values, writing to a target. Every module may be used by the rooms beside it;
nothing here knows copy, verify, census or inventory.
"""
