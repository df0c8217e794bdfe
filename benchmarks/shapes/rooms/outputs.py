"""Station 1: what a text is taken for, and each reducer whatever it was taken for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from compactor import ConfigError, shrink, squeeze, unsqueeze
from compactor.digest import gutter
from compactor.outputs import clean, detect, errors, hint, page, question, sections, values
from compactor.outputs.allowance import Allowance
from compactor.outputs.code_text.languages import language_of
from compactor.outputs.hint import hint_of
from compactor.outputs.level import Narrowing
from compactor.outputs.magic import of_base64, of_broken
from compactor.outputs.reducers import REDUCERS, Reducer
from compactor.outputs.shrinker import Shrinker
from compactor.secrets.redact import redact

from .prepared import COUNTER, Prepare, applied

TOKENS = 400


def _reduced(reducer: Reducer) -> Prepare:
    """The reducer, asked for a question of its own; `shrink` hands it clean texts."""

    def prepare(text: str) -> Callable[[], object]:
        cleaned = clean.clean(text)
        allowance = Allowance(TOKENS, COUNTER, frozenset(('value', 'key')), handle='0' * 16)
        return lambda: reducer(cleaned, allowance)

    return prepare


def _on_clean(function: Callable[[str], object]) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        cleaned = clean.clean(text)
        return lambda: function(cleaned)

    return prepare


def _value(text: str) -> Callable[[], object]:
    """A structured result with the text in several places."""
    value = {'stdout': text, 'stderr': text, 'rows': [{'a': text[i : i + 200]} for i in range(0, len(text), 200)]}
    shrinker = Shrinker(hint_of('run', {'command': 'make'}), COUNTER)
    return lambda: shrinker.value(value, TOKENS)


def _squeezed_value(text: str) -> Callable[[], object]:
    """Rows and keys of the text."""
    rows = [{'a': text[i : i + 200], text[i : i + 8]: i} for i in range(0, len(text), 200)]
    return lambda: squeeze(rows, counter=COUNTER)


def _unsqueezed(text: str) -> Callable[[], object]:
    """The text as what somebody calls a squeezed value, which it is not."""
    head = '[squeezed JSON, all of it; §a: see the 1 lines below]\n§a=x\n'

    def read() -> None:
        for format, data in (('json', text), ('squeezed json', head + text), ('squeezed text', head + text)):
            with suppress(ConfigError):
                unsqueeze({'data': data, 'format': format})

    return read


OUTPUTS: Mapping[str, Prepare] = {
    'outputs.clean': applied(clean.clean),
    'outputs.detect': _on_clean(detect.detect),
    'outputs.sections': _on_clean(lambda text: (sections.sections(text), sections.body_of(text))),
    'digest.without_gutter': _on_clean(gutter.without_gutter),
    'outputs.page_of': _on_clean(page.page_of),
    'outputs.errors_of': _on_clean(lambda text: errors.errors_of(text, Allowance(TOKENS, COUNTER))),
    'outputs.hint_of, a command': applied(lambda text: hint.hint_of('run', {'command': text})),
    'outputs.hint_of, a tool': applied(lambda text: hint.hint_of(text, {'path': text})),
    'outputs.question.words_of': applied(question.words_of),
    'outputs.redact': applied(redact),
    'squeezing.squeeze, a text': applied(lambda text: squeeze(text, counter=COUNTER)),
    'squeezing.squeeze, a value': _squeezed_value,
    'squeezing.unsqueeze': _unsqueezed,
    'outputs.language_of': _on_clean(lambda text: language_of(text, None)),
    'outputs.magic': applied(lambda text: (of_base64(text), of_broken(text))),
    'outputs.as_json': applied(lambda text: values.as_json([text, {text[:40]: text}])),
    'outputs.shrinker.value': _value,
    'outputs.shrink': applied(lambda text: shrink(text, TOKENS)),
    'outputs.shrink, ends': applied(lambda text: shrink(text, TOKENS, narrowing=Narrowing.HEADS_TAILS)),
    'outputs.shrink, errors': applied(lambda text: shrink(text, TOKENS, narrowing=Narrowing.ERROR_ONLY)),
    **{f'outputs.reduce {kind.value}': _reduced(reducer) for kind, reducer in REDUCERS.items()},
}
