"""Small edits of this app's own templates, for base/head pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Templates = dict[str, dict[str, Any]]
Edit = Callable[[Templates], object]

APP_CACHE, SIDEKIQ, UPGRADE = "UpliftProdAppCache", "UpliftProdSidekiq", "UpliftProdUpgrade"
GROUP, PARAMETERS, SUBNETS = "RedisGroup88ACAA33", "RedisParametersRedis50AFFB1BC0", "RedisSubnets445F6F85"
SECURITY_GROUP, TOKEN = "RedisSecurityGroupC1E9FD21", "RedisAuthToken9E34F6A5"


def resource(logical_id: str, stack: str = APP_CACHE) -> Callable[[Templates], dict[str, Any]]:
    return lambda templates: templates[stack]["Resources"][logical_id]


def put(logical_id: str = GROUP, stack: str = APP_CACHE, **properties: Any) -> Edit:
    """Set properties; None takes one away."""

    def edit(templates: Templates) -> None:
        held = resource(logical_id, stack)(templates)["Properties"]
        for name, value in properties.items():
            held.pop(name, None)
            if value is not None:
                held[name] = value

    return edit


def attribute(logical_id: str = GROUP, stack: str = APP_CACHE, **attributes: Any) -> Edit:
    """Set what stands beside the properties, such as DeletionPolicy; None takes it away."""

    def edit(templates: Templates) -> None:
        held = resource(logical_id, stack)(templates)
        for name, value in attributes.items():
            held.pop(name, None)
            if value is not None:
                held[name] = value

    return edit


def parameters(logical_id: str = PARAMETERS, stack: str = APP_CACHE, **values: str | None) -> Edit:
    """Set parameters of a parameter group; underscores stand for dashes, None takes one away."""

    def edit(templates: Templates) -> None:
        held = resource(logical_id, stack)(templates)["Properties"]["Properties"]
        for name, value in values.items():
            held.pop(name.replace("_", "-"), None)
            if value is not None:
                held[name.replace("_", "-")] = value

    return edit


def family(name: str) -> Edit:
    return put(PARAMETERS, CacheParameterGroupFamily=name)


def remove(logical_id: str, stack: str = APP_CACHE) -> Edit:
    return lambda templates: templates[stack]["Resources"].pop(logical_id)


def rename(old: str, new: str, stack: str = APP_CACHE) -> Edit:
    """Another logical id, with every reference to it."""

    def edit(templates: Templates) -> None:
        templates[stack] = _renamed(templates[stack], old, new)

    return edit


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {(new if key == old else key): _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return new if value == old else value


def both(*edits: Edit) -> Edit:
    return lambda templates: [edit(templates) for edit in edits]


def find(kind: str, stack: str, contains: str = "") -> Callable[[Templates], str]:
    """The one logical id of a type whose name has a text in it."""

    def found(templates: Templates) -> str:
        (logical_id,) = [one for one, held in templates[stack]["Resources"].items() if held["Type"] == kind and contains in one]
        return str(logical_id)

    return found
