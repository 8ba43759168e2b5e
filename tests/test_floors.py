"""The house stands: a folder imports itself and the floors below it, and nothing imports in a circle."""

import ast
from pathlib import Path

import admin_site

ROOT = Path(admin_site.__file__).parent
# From the ground up. What stands in one line may not see each other.
FLOORS = [
    ["core"],
    ["history"],
    ["accounts"],
    ["records"],
    ["jobs"],
    ["imports"],
    ["sections"],
    ["demo"],
    ["config"],
    ["monitoring"],
    ["web"],
    ["cli"],
]
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}


def imports() -> dict[str, set[str]]:
    """Module to the modules of the package that it imports, also inside functions."""
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        name = ".".join(("admin_site", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("admin_site"):
                found[name] |= {_target(node.module, alias.name) for alias in node.names}
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names if alias.name.startswith("admin_site")}
    return {name: {target for target in targets if target in found} for name, targets in found.items()}


def _target(package: str, name: str) -> str:
    """``from a.b import c`` imports a.b.c where that is a module, else a.b."""
    path = ROOT.parent.joinpath(*package.split("."), name)
    return f"{package}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else package


def floor(module: str) -> str:
    return [*module.split("."), ""][1]


def test_every_module_stands_on_a_floor() -> None:
    assert {floor(module) for module in imports()} - {""} == set(HEIGHT)


def test_imports_go_down_only() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in imports().items()
        for target in targets
        if floor(module) and floor(target) and HEIGHT[floor(target)] > HEIGHT[floor(module)]
    ]
    assert wrong == []


def test_web_knows_no_section() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in imports().items()
        for target in targets
        if floor(module) == "web" and floor(target) in ("sections", "demo")
    ]
    assert wrong == []


def test_there_are_no_circles() -> None:
    graph = imports()
    done: set[str] = set()

    def walk(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " > ".join((*above, module))
        if module in done:
            return
        for target in graph[module]:
            if target != module:
                walk(target, (*above, module))
        done.add(module)

    for module in graph:
        walk(module, ())
