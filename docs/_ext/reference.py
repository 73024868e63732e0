"""The API reference: what must be in it, and links to it.

Every public name must be described, with its public methods, else the build fails. A name in single
backticks becomes a link where one thing of that name is described, and is code otherwise.
"""

import inspect

import bopstats
from bopstats import datasets, exceptions, plotting


def public_names():
    """Return the full names that ``docs/api.rst`` must list."""
    modules = {
        bopstats: bopstats.__all__,
        datasets: datasets.__all__,
        datasets.mimic3: datasets.mimic3.__all__,
        plotting: plotting.__all__,
        exceptions: [name for name, value in vars(exceptions).items() if inspect.isclass(value)],
    }
    names = [
        f"{module.__name__}.{name}"
        for module, public in modules.items()
        for name in public
        if not inspect.ismodule(getattr(module, name))
    ]
    names.remove("bopstats.exceptions.BopError")  # is bopstats.BopError
    return sorted(names)


def public_methods(owner):
    """Return the names of a class's public methods and properties, inherited ones among them."""
    return [
        name
        for each in owner.__mro__
        if each.__module__.startswith("bopstats")
        for name, value in vars(each).items()
        if not name.startswith("_") and (inspect.isroutine(value) or hasattr(value, "__get__"))
    ]


def resolve(name):
    """Return the object that a full name stands for."""
    value = bopstats
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def check(app, error):
    """Fail unless what was built describes every public name and method."""
    if error is not None or app.builder.name != "html":
        return
    described = set(app.env.get_domain("py").objects)
    wanted = set()
    for name in public_names():
        wanted.add(name)
        value = resolve(name)
        if inspect.isclass(value):
            wanted |= {f"{name}.{method}" for method in public_methods(value)}
    missing = sorted(wanted - described)
    if missing:
        raise SystemExit(f"not in the API reference: {', '.join(missing)}")


def link(app, env, node, contnode):
    """Link a bare name to the one class or function that it can mean, or leave it as code."""
    if (node.get("refdomain"), node.get("reftype")) != ("py", "obj"):
        return None
    domain = env.get_domain("py")
    found = [
        name
        for name, entry in domain.objects.items()
        if entry.objtype in ("class", "function", "exception")
        and name.rpartition(".")[2] == node["reftarget"]
    ]
    if len(found) != 1:
        return contnode
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, contnode)


def setup(app):
    app.connect("missing-reference", link)
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
