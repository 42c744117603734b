"""The local endpoint, with what its CloudFormation gets wrong put right; run by tools/endpoint.

Three faults would hide what a change or a deletion of our stacks does: a resource of a nested stack
that does not change loses its attributes, a group's sizes are set back whatever its UpdatePolicy says,
and a nested stack takes with it what its DeletionPolicy retains. They are corrected here to what AWS
documents. What must stay true: a correction that the endpoint no longer
needs stops it, so that it is taken out here.
"""

from __future__ import annotations

import inspect
from typing import Any

from ministack.app import main
from ministack.services import autoscaling
from ministack.services.cloudformation import _stacks, provisioners

GROUP = "AWS::AutoScaling::AutoScalingGroup"
NESTED = "AWS::CloudFormation::Stack"
SIZES = ("MinSize", "MaxSize")


def correct() -> None:
    _needed("attributes", provisioners._update_resource("AWS::None", "x", {}, {}, "none") == ("x", {}))
    _needed("sizes", "UpdatePolicy" not in inspect.getsource(provisioners._asg_update))
    deletion = inspect.getsource(provisioners._cfn_nested_stack_delete)
    _needed("retained resources", "olicy" not in deletion)
    provisioners._update_resource = _with_attributes(provisioners._update_resource)
    group, nested = provisioners._RESOURCE_HANDLERS[GROUP], provisioners._RESOURCE_HANDLERS[NESTED]
    group["update"] = _with_sizes(group["update"])
    nested["delete"] = _with_retained(nested["delete"])


def _needed(what: str, still: bool) -> None:
    if not still:
        raise SystemExit(f"endpoint_server: the endpoint needs no correction of {what} any more")


def _with_attributes(update):
    """An unchanged resource keeps what it had; the endpoint tells it so only in a root stack."""

    def corrected(kind, physical, old, new, stack, logical=None, attributes=None) -> Any:
        if attributes is None:
            record = _stacks.get(stack, {}).get("_resources", {}).get(logical, {})
            attributes = record.get("Attributes")
        return update(kind, physical, old, new, stack, logical, attributes)

    return corrected


def _with_sizes(update):
    """Sizes that the template did not change stay, if its UpdatePolicy says so; desired always does."""

    def corrected(physical, old, new, stack, logical=None) -> Any:
        before = dict(autoscaling._asgs.get(physical) or {})
        answer = update(physical, old, new, stack, logical)
        after = autoscaling._asgs[answer[0]]
        if not before or answer[0] != physical:
            return answer
        for key in SIZES:
            if _ignores_unmodified(stack, logical) and str(old.get(key)) == str(new.get(key)):
                after[key] = before[key]
        if "DesiredCapacity" not in new:
            after["DesiredCapacity"] = min(max(before["DesiredCapacity"], after["MinSize"]), after["MaxSize"])
        return answer

    return corrected


def _with_retained(delete):
    """A nested stack lets go of what it retains before it deletes the rest."""

    def corrected(physical, properties) -> Any:
        child = _stacks.get(provisioners._nested_stack_lookup_name(physical)) or {}
        defined = child.get("_template", {}).get("Resources", {})
        for name in list(child.get("_resources", {})):
            if defined.get(name, {}).get("DeletionPolicy") == "Retain":
                del child["_resources"][name]
        return delete(physical, properties)

    return corrected


def _ignores_unmodified(stack: str, logical: str | None) -> bool:
    resources = _stacks[stack]["_template"]["Resources"]
    policy = resources.get(logical, {}).get("UpdatePolicy", {}).get("AutoScalingScheduledAction", {})
    return str(policy.get("IgnoreUnmodifiedGroupSizeProperties")).lower() == "true"


if __name__ == "__main__":
    correct()
    main()
