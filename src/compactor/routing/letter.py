"""How hard a task is by the rules of two published systems, to the letter of their tables; for their presets.

Keywords are looked for anywhere in the text, inside of words too, as there: 'architect' is in 'architecture', and 'add'
in 'address'. `Scale` as it comes reads words, weighs them and knows five languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NAMED = 3
"""Keywords that a reason names."""


def held(text: str, keywords: Iterable[str]) -> tuple[str, ...]:
    """The keywords that a text holds, each once, whatever stands around them."""
    lower = text.lower()
    return tuple(dict.fromkeys(one for one in keywords if one.lower() in lower))


def by_count(
    prompt: str | None,
    files: int | None,
    lines: int | None,
    words: Mapping[str, Iterable[str]],
    labels: tuple[str, ...],
    most: tuple[tuple[int, ...], tuple[int, ...]],
    floors: tuple[int, int],
) -> tuple[int, str]:
    """The level with the most keywords, of equals the easiest; files and lines go before (Tokenette Pro).

    Its own code gives 'trivial' where no keyword is found at all, and never the 'simple' that it names for that: here
    files and lines decide then, and where nobody has counted them it is simple. Its floor of five files is a comment
    there.

    Args:
        prompt: what a person wrote.
        files: files that it concerns.
        lines: lines that change; more than a level's most raise it to the level that holds them.
        words: keywords by level.
        labels: the levels from the easiest to the hardest.
        most: most files, and most lines, of each level but the last.
        floors: files from which on it is at least the third level, and from which on it is the fourth.

    Returns:
        the level's place among `labels`, from 0, and why.
    """
    if files is not None and files >= floors[1]:
        return 3, f'{files:,} files'
    found = {label: held(prompt or '', words.get(label, ())) for label in labels}
    level = max(range(len(labels)), key=lambda i: len(found[labels[i]]))
    named = found[labels[level]]
    by_lines = 0 if lines is None else sum(lines > step for step in most[1])
    told = ', '.join(f"'{word}'" for word in named[:NAMED])
    if not named:
        level, told = 1, 'no keyword'
        if files is not None:  # the fourth level begins at its own number of files
            level, told = min(2, sum(files > step for step in most[0])), f'no keyword, {files:,} files'
        elif lines is not None:
            level, told = by_lines, told
    if by_lines > level or (not named and by_lines):
        level, told = max(level, by_lines), f'{told}, {lines:,} lines'
    if files is not None and files >= floors[0] and level < 2:
        level, told = 2, f'{told}, at least {labels[2]} with {files:,} files'
    return level, told


def by_factors(
    prompt: str | None,
    tasks: Mapping[str, float],
    keywords: Iterable[str],
    each: float,
    middle: float,
) -> dict[str, float]:
    """What a prompt counts as a task and by its keywords, 0 to 1 (Ez Aigents plan).

    Args:
        prompt: what a person wrote.
        tasks: what a prompt with this word counts; of several the most.
        keywords: words that make it harder.
        each: what each of them adds.
        middle: what a prompt without any word of `tasks` counts.
    """
    if not prompt:
        return {}
    found = [tasks[word] for word in held(prompt, tasks)]
    return {'task': max(found, default=middle), 'keywords': min(1.0, round(each * len(held(prompt, keywords)), 6))}
