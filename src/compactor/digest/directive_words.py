"""The words by which a sentence says what is to be done or left, language by language; data, and nothing else.

Where a text stands decides whether it binds anybody (see `obligations`); these words only choose, where not all of such
a text fits, which of its sentences go last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPACED: Mapping[str, Sequence[str]] = {
    'en': (
        'never', 'always', 'must', "mustn't", 'only', "don't", 'do not', 'dont', 'shall', 'should', "shouldn't",
        'avoid', 'unless', 'without', 'no longer', 'stop', 'make sure', 'ensure', 'required', 'require', 'requires',
        'forbidden', 'prefer', 'keep', 'instead of', 'rather than', 'remember', 'rule', 'important', 'at most',
        'at least', 'before you', 'leave', 'cannot', "can't", 'not allowed', 'need to', 'needs to', 'use only',
        'approval',
    ),
    'de': (
        'nie', 'niemals', 'immer', 'muss', 'müssen', 'musst', 'nur', 'nicht', 'kein', 'keine', 'keinen', 'keinem',
        'darf', 'dürfen', 'darfst', 'soll', 'sollen', 'sollst', 'ohne', 'außer', 'vermeide', 'verboten', 'stets',
        'unbedingt', 'wichtig', 'lass', 'statt', 'höchstens', 'mindestens', 'ausschließlich', 'bitte nicht',
    ),
    'fr': (
        'jamais', 'toujours', 'dois', 'doit', 'doivent', 'devez', 'seulement', 'uniquement', 'ne pas', 'pas de',
        'sans', 'sauf', 'éviter', 'évite', 'évitez', 'interdit', 'interdite', 'obligatoire', 'il faut',
        'au lieu de', 'au plus', 'au moins', "n'utilise pas", 'veille à',
    ),
    'es': (
        'nunca', 'siempre', 'debe', 'deben', 'debes', 'solo', 'sólo', 'solamente', 'únicamente', 'sin', 'salvo',
        'excepto', 'evita', 'evitar', 'prohibido', 'prohibida', 'obligatorio', 'hay que', 'en lugar de',
        'en vez de', 'como máximo', 'al menos', 'jamás', 'tampoco',
    ),
    'pt': (
        'nunca', 'sempre', 'deve', 'devem', 'apenas', 'somente', 'não', 'sem', 'exceto', 'evite', 'evitar',
        'proibido', 'proibida', 'obrigatório', 'é preciso', 'em vez de', 'no máximo', 'pelo menos', 'jamais',
    ),
    'it': (
        'mai', 'sempre', 'deve', 'devono', 'devi', 'solo', 'soltanto', 'solamente', 'non', 'senza', 'tranne',
        'evita', 'evitare', 'vietato', 'vietata', 'obbligatorio', 'bisogna', 'invece di', 'al massimo', 'almeno',
    ),
    'ru': (
        'никогда', 'всегда', 'должен', 'должна', 'должны', 'нужно', 'надо', 'только', 'нельзя', 'не', 'без',
        'кроме', 'избегай', 'избегайте', 'запрещено', 'обязательно', 'вместо', 'не более', 'не менее',
    ),
}  # fmt: skip
"""Words that stand between spaces."""

UNSPACED: Mapping[str, Sequence[str]] = {
    'zh': (
        '不要', '不得', '不能', '不可', '不准', '禁止', '必须', '必須', '务必', '務必', '只能', '只有', '仅', '僅',
        '总是', '總是', '始终', '始終', '永远', '永遠', '切勿', '请勿', '請勿', '避免', '除非', '应当', '應當',
        '应该', '應該', '严禁', '嚴禁',
    ),
    'ja': (
        'しないで', 'してはいけない', 'してはならない', '禁止', '必ず', '常に', '絶対に', 'のみ', 'だけ', '避け',
        'なければならない', 'すること', 'べき', 'ないこと', 'ください',
    ),
    'ko': (
        '절대', '항상', '반드시', '하지 마', '금지', '오직', '만 ', '해야', '피하', '않도록', '없이',
    ),
}  # fmt: skip
"""Words of languages that are written without spaces, or whose words take endings: found anywhere."""
