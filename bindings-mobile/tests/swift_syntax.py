"""Parses Swift: swift_syntax.py GENERATED PROGRAM...

Fails on a syntax error, and where a program calls a function of the generated file with argument
labels that it does not have. No types are checked: that takes a Swift compiler.
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Iterator

import tree_sitter_swift
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_swift.language()))


def parse(path: str) -> Node:
    source = pathlib.Path(path).read_text(encoding="utf-8")
    # The grammar does not know this one condition; its lines stay, empty, so that places hold.
    source = re.sub(r"^#if swift\(>=5\.8\)\n(.*)\n#endif$", r"\n\1\n", source, flags=re.MULTILINE)
    return PARSER.parse(source.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: Node | None) -> str:
    return (node.text or b"").decode() if node else ""


def owner(node: Node) -> str:
    """The type that a declaration stands in; a name that no program uses for what is not the API."""
    at = node.parent
    while at and at.type != "class_declaration":
        at = at.parent
    name = text(at.child_by_field_name("name")) if at else ""
    extends = at is not None and any(c.type == "extension" for c in at.children)
    return "FfiConverter" if extends else name


def signatures(root: Node) -> dict[str, list[list[tuple[str, bool]]]]:
    """Of each function or type: its parameters' labels, and whether they have a default."""
    found: dict[str, list[list[tuple[str, bool]]]] = {}
    for node in walk(root):
        within = owner(node) if node.type in ("function_declaration", "init_declaration") else "FfiConverter"
        if within.startswith("FfiConverter"):
            continue
        name = text(node.child_by_field_name("name")) if node.type == "function_declaration" else within
        labels: list[tuple[str, bool]] = []
        for i, child in enumerate(node.children):
            if child.type == "parameter":
                label = text(child.children[0]) if child.children else ""
                after = node.children[i + 1].type if i + 1 < len(node.children) else ""
                labels.append((label, after == "="))
        found.setdefault(name, []).append(labels)
    return found


def fits(labels: list[str], parameters: list[tuple[str, bool]]) -> bool:
    rest = list(labels)
    for name, optional in parameters:
        if rest and rest[0] == name:
            rest.pop(0)
        elif not optional:
            return False
    return not rest


def calls(root: Node) -> Iterator[tuple[str, list[str], int]]:
    for node in walk(root):
        if node.type != "call_expression":
            continue
        target = text(node.children[0]).split(".")[-1]
        suffix = next((c for c in walk(node.children[-1]) if c.type == "value_arguments"), None)
        if suffix is None:
            continue
        labels = []
        for argument in (c for c in suffix.children if c.type == "value_argument"):
            label = next((c for c in argument.children if c.type == "value_argument_label"), None)
            labels.append(text(label) if label else "_")
        yield target, labels, node.start_point[0] + 1


def main(generated: str, programs: list[str]) -> int:
    bad = 0
    trees = {path: parse(path) for path in [generated, *programs]}
    for path, root in trees.items():
        for node in walk(root):
            if node.is_error or node.is_missing:
                print(f"FAILED: {path}:{node.start_point[0] + 1}: this is not Swift")
                bad += 1
    known = signatures(trees[generated])
    checked = 0
    for path in programs:
        own = signatures(trees[path])
        for name, labels, line in calls(trees[path]):
            if name in own or name not in known:
                continue
            checked += 1
            if not any(fits(labels, parameters) for parameters in known[name]):
                print(f"FAILED: {path}:{line}: {name} has no such arguments")
                bad += 1
    if bad == 0 and checked:
        print(f"ok: generated Swift parses, and so do the programs; {checked} calls have the right labels")
    return 1 if bad or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
