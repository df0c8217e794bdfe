"""What a call's tool, command and arguments say about its output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.outputs.hint import Family, hint_of, of_command, of_tool

TOOLS = {
    Family.SHELL: 'Bash shell exec_command run_shell_command local_shell bash_output write_stdin executeCommand',
    Family.FILE_READ: 'Read read_file readFile mcp__fs__read_text_file files__read_file view open',
    Family.SEARCH: 'Grep grep_search search_file_content codebaseSearch ripgrep search_code',
    Family.LISTING: 'Glob LS list_directory listDir glob find_file list_files fs__list_directory',
    Family.HTTP: 'WebFetch WebSearch fetch web_fetch google_web_search http_request',
    Family.SUB_AGENT: 'Task spawn_agent wait_agent delegate_task',
    Family.TEST_RUNNER: 'run_tests runTests pytest',
    Family.SQL: 'executeSql run_query sql_query',
    Family.OTHER: 'Edit apply_patch Write str_replace_editor TodoWrite tracker__list_issues mcp__tracker__get_issue',
}


@pytest.mark.parametrize(
    ('name', 'family'), [(name, family) for family, names in TOOLS.items() for name in names.split()]
)
def test_a_tool_is_known_by_the_words_of_its_name(name: str, family: Family) -> None:
    """Tools of many harnesses, in snake case and camel case, on servers or not."""
    assert of_tool(name) is family


@pytest.mark.parametrize(
    ('command', 'family', 'path'),
    [
        ('cd /app && go test ./... 2>&1 | tail -40', Family.TEST_RUNNER, None),
        ('make fmt && make test && ls', Family.TEST_RUNNER, None),
        ('FOO=1 timeout 60 python3 -m pytest -q', Family.TEST_RUNNER, None),
        ('npm run test -- --watch=false', Family.TEST_RUNNER, None),
        ('pip install pytest', Family.SHELL, None),
        ("cat > t.py << 'EOF'\nimport pytest\ngit diff && ls\nEOF\npython t.py", Family.SHELL, None),
        ("grep -rn 'a && ls | b' src | head -5", Family.SEARCH, None),
        ('find . -name "*.py" | xargs grep total', Family.SEARCH, None),
        ('cat app.log | grep ERROR', Family.SEARCH, None),
        ('ls -la | grep py', Family.LISTING, None),
        ('rg --files src', Family.LISTING, None),
        ('git status --short', Family.LISTING, None),
        ('git -C /app --no-pager diff main', Family.DIFF, None),
        ('git log -p -3', Family.DIFF, None),
        ('git log --oneline', Family.SHELL, None),
        ('/bin/zsh -lc "sed -n \'1,260p\' src/stats.go"', Family.FILE_READ, 'src/stats.go'),
        ("git show main:src/app.go | sed -n '1,30p'", Family.FILE_READ, 'src/app.go'),
        ('nl -ba src/app.go | sed -n 4,50p', Family.FILE_READ, 'src/app.go'),
        ('cat a.py && cat b.go', Family.FILE_READ, None),
        ('curl -s https://example.org', Family.HTTP, None),
        ("psql -c 'select 1'", Family.SQL, None),
        ('echo "unclosed', Family.SHELL, None),
    ],
)
def test_a_command_is_read_by_its_words(command: str, family: Family, path: str | None) -> None:
    """Quotes and here documents name no command, filters change nothing, tests come before everything else."""
    hint = hint_of('bash', {'command': command})
    assert (hint.family, hint.path) == (family, path)


def test_a_command_may_be_a_list_of_words() -> None:
    """Of a shell and its script, the script is the command."""
    assert hint_of('shell', {'command': ['bash', '-lc', 'rg -n total src']}).command == 'rg -n total src'
    assert hint_of('shell', {'command': ['git', 'diff']}).family is Family.DIFF


def test_arguments_name_the_file_and_what_is_wanted() -> None:
    """Every text among the arguments is kept, the path apart."""
    hint = hint_of('read_file', {'absolute_path': '/app/x.py', 'limit': 3, 'why': ['totals']})
    assert (hint.family, hint.path, hint.arguments) == (Family.FILE_READ, '/app/x.py', ('/app/x.py', 'totals'))


def test_an_editor_that_shows_a_file_reads_it() -> None:
    """Editors with a command 'view' read; their other commands are of no family."""
    assert hint_of('str_replace_editor', {'command': 'view', 'path': 'a.py'}).family is Family.FILE_READ


@given(st.text(), st.text())
def test_no_name_and_no_command_is_too_odd(name: str, command: str) -> None:
    """Whatever the texts are, there is an answer."""
    assert of_tool(name) in Family
    assert of_command(command) in Family
    assert hint_of(name, {'command': command, 'path': 3, 'x': [None]}).family in Family
