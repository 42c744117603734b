"""What the users of the load test do, without Locust: it imports the standard library only.

plan    the run's settings, its stages, who sits where, and each user's dice
sse     an answer out of the bytes of a stream
insist  one question, asked until it is answered or given up
kept    what the service's history must hold
rows    the CSV files of a run
"""
