"""A load test of the session table (`tools/load_sessions.py`).

options  the command line, and what of it is refused
cost     what a run on a live table costs at most
meter    calls as they went: how long, and how they ended
work     one worker: an application's process, with sessions of its own
place    the local endpoint with a table like the template's, or a live one
report   the table that is printed, and the CSV files
"""
