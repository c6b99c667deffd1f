"""The checker is checked: bugs that a careless engineer could have written, planted one at a time.

Each is a small change to the text of the real code (`edits.py`), applied at run time. A laboratory
that does not notice one of them proves nothing about its kind, so the list is part of the suite.
"""
