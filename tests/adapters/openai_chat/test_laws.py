"""The law suite over dicts of chat completions: generated histories, broken ones, and recorded conversations."""

from __future__ import annotations

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage

from tests.adapters.openai_chat.dicts import MANNERS, as_dicts
from tests.adapters.openai_chat.lens import DictCase, Lens
from tests.laws.histories import broken_histories, lawful_histories
from tests.laws.laws import faults, run
from tests.laws.mutations import STORABLE
from tests.laws.test_laws import cases

FEWER = settings(max_examples=max(30, settings().max_examples * 3 // 10))

HISTORIES: dict[str, st.SearchStrategy[list[ModelMessage]]] = {
    'in a run': lawful_histories(text_size=8, max_steps=24),
    'between runs': lawful_histories(in_run=False, text_size=8, max_steps=24),
    'broken': broken_histories(text_size=4, mutations=STORABLE),
}


@pytest.mark.parametrize('kind', HISTORIES)
@pytest.mark.parametrize('manner', MANNERS)
def test_laws(manner: str, kind: str) -> None:
    """Every law holds for dicts in any manner of writing, for any policy, model and target."""

    @FEWER
    @given(HISTORIES[kind], st.data())
    def hold(messages: list[ModelMessage], data: st.DataObject) -> None:
        dicts, lens = as_dicts(messages, MANNERS[manner]), Lens()
        seen = lens.messages(dicts)
        case = data.draw(cases(seen))
        note('\n'.join(f'{one["role"]} {sorted(one)} {str(one["content"])[:60]!r}' for one in dicts))
        assert faults(run(DictCase(case.policy, case.target, case.model, case.sending, lens), seen)) == []

    hold()
