"""Holds a dashboard against Grafana's own model of one (grafana-foundation-sdk, of Grafana 11.6).

The model reads what it knows and drops the rest, and it does not look at types by itself. So: what
it writes again must have everything that was read, as it was; and every value must be of the type
that the model's fields have.
"""

from __future__ import annotations

import enum
import json
import types
import typing
from collections.abc import Iterator

from grafana_foundation_sdk.cog import plugins, runtime
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

plugins.register_default_plugins()
registry = runtime.Runtime()


def faults_of(document: dict) -> Iterator[str]:
    """What Grafana's model does not know in a dashboard."""
    try:
        read = dashboard.Dashboard.from_json(document)
        again = json.loads(json.dumps(read, cls=JSONEncoder))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"cannot be read: {type(error).__name__}: {error}"
        return
    yield from lost(document, again, "")
    yield from mistyped(read, dashboard.Dashboard, "")


def lost(given, again, path: str) -> Iterator[str]:
    """What is not there any more, or not the same."""
    if isinstance(given, dict) and isinstance(again, dict):
        for key, value in given.items():
            if key in again:
                yield from lost(value, again[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: Grafana knows no such field"
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for place, pair in enumerate(zip(given, again, strict=True)):
            yield from lost(*pair, f"{path}[{place}]")
    elif given != again:
        yield f"{path}: {given!r} is read as {again!r}"


def mistyped(value, wanted, path: str) -> Iterator[str]:
    """Values that are not of their field's type."""
    if isinstance(value, runtime.UnknownDataquery):
        yield f"{path}: no data source of Grafana has such a query"
        return
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in inner:
            return
        found = [list(mistyped(value, one, path)) for one in inner if one is not type(None)]
        if all(found):
            yield from found[0]
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for place, item in enumerate(value):
            yield from mistyped(item, inner[0], f"{path}[{place}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
            return
        for key, item in value.items():
            yield from mistyped(item, inner[1], f"{path}.{key}")
    elif origin is typing.Literal:
        if value not in inner:
            yield f"{path}: {value!r} is none of {', '.join(map(repr, inner))}"
    else:
        yield from of_class(value, wanted, path)


def of_class(value, wanted, path: str) -> Iterator[str]:
    """A plain type, an enumeration, or a part of the model with fields of its own."""
    # Options and the like are of any type there; what was read of them has one.
    if not isinstance(wanted, type) or wanted is object:
        wanted = type(value)
    if issubclass(wanted, enum.Enum):
        if value not in [one.value for one in wanted]:
            yield f"{path}: {value!r} is none of {', '.join(repr(one.value) for one in wanted)}"
        return
    number = wanted is float and isinstance(value, int)
    truth = wanted in (int, float) and isinstance(value, bool)
    if (not isinstance(value, wanted) and not number) or truth:
        yield f"{path}: {value!r} is no {wanted.__name__}"
        return
    if isinstance(value, dashboard.Panel) and registry.panelcfg_config(value.type_val) is None:
        yield f"{path}: Grafana has no panel {value.type_val!r}"
    if not hasattr(type(value), "from_json"):
        return
    for name, kind in typing.get_type_hints(type(value)).items():
        yield from mistyped(getattr(value, name), kind, f"{path}.{name}")
