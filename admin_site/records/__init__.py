"""Reading and changing rows of any section, for every surface.

Whatever is shown passes ``reads``, whatever is changed passes ``writes``.
"""
