"""One run of Locust as figures, a table and pictures (`make load`, tools/load_aira.py).

run      what a run's CSV files say
figures  its figures, over all and over time
table    what is printed at the end, and what makes a run invalid
chart    lines over time, as SVG
pictures the three pictures of a run
"""
