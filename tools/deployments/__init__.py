"""The stacks, deployed for real to a local endpoint: made, changed, deleted.

stage       the endpoint, deploys by the SAM CLI, and what is said of them
everything  the environment aira-seoul, from the network to the workload's way; then left to AWS's own policies
existing    the environment existing-group, beside a group that stays as it was
edge        the environment edge, in us-east-1
sizes       the fleet alone: what a change does to its sizes, with and without its UpdatePolicy
refused     what the endpoint cannot create: nothing more, nothing less
"""
