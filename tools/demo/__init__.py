"""The demo: one accelerated day through the deployed functions (`make demo`).

cast      the two fleets, the policy they run under, and the story's calendar
traffic   a believable day of requests, from a seed
cloud     the local endpoint: clients, what the deploy made, the call log
stage     sets the stage: second group, sizes, alarms, policy, last week's traffic
world     what no local endpoint does and the driver plays: boot delay, CloudWatch's alarms,
          AWS's raising of desired capacity, target tracking
schedule  when the schedules wake which function, thinned in quiet times
play      the day itself
record    what the endpoint, its call log and the ledger say of the day afterwards
checks    the assertions, on the record alone
table     the decisions as a table
visit     one user's session, on an instance that is scaled in, then in another region (application
          serves it, caches are read; visit_record, visit_checks and visit_page tell it)
page      the day as one self-contained HTML file (chart draws it)
noop      puts a program that does nothing in a function's place; then the demo must fail
"""
