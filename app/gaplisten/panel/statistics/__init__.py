"""What can be said from a panel's votes about other listeners and other clips: one statistic in each file.

Everything here is arithmetic on arrays: no panel, no file, no window.
"""
