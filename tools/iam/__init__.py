"""Proof of the roles by execution (`tools/iam.py`).

cast       who is tried
stand      an endpoint of its own with the deployed stack, and things of other people beside it
recorder   stands between the functions and the endpoint and writes down every request
scenes     what the functions live through, so that they make every call that they can make
incident   what the alarm router lives through
sessions   what session-sync lives through
calls      a request as IAM sees it: action, resource, leading key; and sending it again
coverage   whether every call of the ports was seen, or why a function never makes it
services   the calls that AWS services make in a role's name, from the deployed configuration
applications   the policy for applications, on a role of its own
probe      how a probe is written down, and what it is aimed at
probes     what no function may do
probes_of_sessions    what nobody may do to sessions, and session-sync to anything else
probes_elsewhere      what no function may do to rights, programs, logs, queues, machines
roles      the deployed roles' statements; roles with a part taken away or a limit loosened
judges     who says whether a role may: the endpoint by doing it, the offline simulator by rules
trial      the proofs, each on every judge that can judge it
report     the tables
"""
