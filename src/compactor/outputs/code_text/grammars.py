"""Outlines by tree-sitter, where the extra `code` is installed; every grammar comes as a package, nothing is fetched.

Which nodes are functions and which enclose others is read off their types, whose names follow the same habits in all
grammars.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any

from compactor.errors import ConfigError

STEPS = 40
"""A parser reports back about every 70 characters; after one report for so many characters of the text it is stopped,
so that broken text cannot keep it long."""
DEPTH = 12
"""Levels of enclosing nodes that are looked into."""

_PACKAGES = {
    'python': ('tree_sitter_python', 'language'),
    'go': ('tree_sitter_go', 'language'),
    'javascript': ('tree_sitter_javascript', 'language'),
    'typescript': ('tree_sitter_typescript', 'language_typescript'),
    'tsx': ('tree_sitter_typescript', 'language_tsx'),
    'rust': ('tree_sitter_rust', 'language'),
    'java': ('tree_sitter_java', 'language'),
    'c': ('tree_sitter_c', 'language'),
    'cpp': ('tree_sitter_cpp', 'language'),
    'ruby': ('tree_sitter_ruby', 'language'),
    'php': ('tree_sitter_php', 'language_php'),
    'csharp': ('tree_sitter_c_sharp', 'language'),
    'bash': ('tree_sitter_bash', 'language'),
}

_FUNCTION = re.compile(
    r'(?:async_)?(?:function|method|constructor|destructor|subroutine)(?:_definition|_declaration|_item|_signature)?'
    r'|(?:generator_)?function_declaration|function_definition|singleton_method|local_function_statement'
    r'|arrow_function|function_expression|compact_constructor_declaration'
)
_CONTAINER = re.compile(
    r'class(?:_definition|_declaration|_specifier)?|abstract_class_declaration|(?:interface|trait|enum|struct|record|object)_declaration'
    r'|(?:trait|impl|mod|foreign_mod)_item|namespace(?:_definition|_declaration)?|module|internal_module|singleton_class'
    r'|file_scoped_namespace_declaration|struct_specifier'
)
_WRAPPER = re.compile(
    r'program|source_file|translation_unit|compilation_unit|module|ERROR|export_statement|decorated_definition|class_body'
    r'|declaration_list|body_statement|block|ambient_declaration|template_declaration|preproc_\w*if\w*|linkage_specification'
    r'|field_declaration_list|interface_body|enum_body|enum_class_body|record_body|statement_block|php_tag'
    r'|enum_body_declarations|expression_statement'
)
_IMPORT = re.compile(
    r'import\w*|package_clause|package_declaration|use_declaration|preproc_include|using_directive|namespace_use_declaration'
    r'|future_import_statement|extern_crate_declaration'
)
_COMMENT = re.compile(r'(?:line_|block_)?comment')


def blocks(text: str, language: str) -> list[tuple[str, int, int, int]] | None:
    """Role, first line, first line of the body and line behind the last, of each block.

    None without such a grammar, and where it does not know the text: the outline of a text that does not parse says
    less than its indentation.
    """
    grammar = _grammar(language)
    if grammar is None:
        return None
    library, loaded = grammar
    parser = library.Parser(loaded)  # a parser keeps its state, so threads must not share one
    source = text.encode('utf-8', 'replace')
    steps = 0
    most = 64 + len(source) // STEPS

    def stop(_offset: int, _error: bool) -> bool:
        nonlocal steps
        steps += 1
        return steps > most

    try:
        tree = parser.parse(lambda offset, _point: source[offset : offset + 65_536], progress_callback=stop)
    except ValueError:
        return None
    root = tree.root_node
    if root.type == 'ERROR' or (root.has_error and any(child.type == 'ERROR' for child in root.children)):
        return blocks(text, 'typescript') if language == 'javascript' else None
    found: list[tuple[str, int, int, int]] = []
    for child in root.children:
        _add(child, found, 0, child.start_point.row)
    return found


@cache
def _grammar(language: str) -> tuple[Any, Any] | None:
    package, entry = _PACKAGES.get(language, ('', ''))
    if not package:
        return None
    try:
        library = importlib.import_module('tree_sitter')
        grammar = importlib.import_module(package)
    except ImportError:
        return None
    return library, library.Language(getattr(grammar, entry)())


def required() -> None:
    """Raises `ConfigError` where the extra `code` is not installed."""
    try:
        importlib.import_module('tree_sitter')
    except ImportError:
        raise ConfigError(
            "a workspace is read with tree-sitter, which is not installed: pip install 'pydantic-ai-compactor[code]'"
        ) from None


def _add(node: Any, found: list[tuple[str, int, int, int]], depth: int, start: int) -> None:
    """Adds the blocks of a node that begins, with what is wrapped around it, at line `start`."""
    kind = node.type
    end = node.end_point.row + (1 if node.end_point.column else 0)
    end = max(end, node.start_point.row + 1)
    if not node.is_named:
        return
    if _COMMENT.fullmatch(kind):
        found.append(('comment', start, end, end))
        return
    if _IMPORT.fullmatch(kind):
        found.append(('import', start, end, end))
        return
    if _FUNCTION.fullmatch(kind):
        found.append(('function', start, _body_of(node, end), end))
        return
    if _CONTAINER.fullmatch(kind):
        body = node.child_by_field_name('body')
        if body is None:
            body = next((child for child in node.children if _WRAPPER.fullmatch(child.type)), None)
        if body is None:
            found.append(('other', start, end, end))
            return
        head = _first_line_inside(body, node)
        found.append(('container', start, head, head))
        if depth < DEPTH:
            for child in body.children:
                _add(child, found, depth + 1, child.start_point.row)
        return
    if depth < DEPTH and (_WRAPPER.fullmatch(kind) or kind.endswith('declaration') or kind == 'assignment'):
        inner = [child for child in node.children if child.is_named]
        if _WRAPPER.fullmatch(kind) and inner:
            for i, child in enumerate(inner):
                _add(child, found, depth + 1, start if i == 0 else child.start_point.row)
            return
        if (function := _function_in(node, 3)) is not None:
            found.append(('function', start, _body_of(function, end), end))
            return
    found.append(('other', start, end, end))


def _body_of(node: Any, end: int) -> int:
    """The first line of a function's body; `end` where it has none of its own."""
    body = node.child_by_field_name('body')
    if body is None:
        body = next((child for child in node.children if _WRAPPER.fullmatch(child.type)), None)
    return end if body is None else min(end, _first_line_inside(body, node))


def _first_line_inside(body: Any, node: Any) -> int:
    """The first line of a body that holds nothing of the signature."""
    row: int = body.start_point.row
    opened = bool(body.children) and body.children[0].type == '{'
    before = body.prev_sibling
    shared = before is not None and before.end_point.row == row
    return row + 1 if opened or shared or row == node.start_point.row else row


def _function_in(node: Any, depth: int) -> Any:
    """A function that a declaration gives a name, as in `const f = () => {…}`."""
    for child in node.children:
        if _FUNCTION.fullmatch(child.type):
            return child
        if (
            depth
            and child.type in ('variable_declarator', 'lexical_declaration', 'assignment', 'assignment_expression')
            and (found := _function_in(child, depth - 1))
        ):
            return found
    return None
