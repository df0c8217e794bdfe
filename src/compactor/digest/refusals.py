"""Calls that were refused: by a person or a rule, as the framework tells it or as the words of a result do.

A result counts by its words only where a program would have acted, or has failed: what a page or a file says of
refusals is content. It has to begin with them, and to be short.
"""

from __future__ import annotations

import re

from compactor.digest.commands import arguments, scripts
from compactor.digest.evidence import told
from compactor.history.message import Part
from compactor.quoting import one_line, spelled

SHORT = 1_200
"""Characters of a refusal at most."""
SAID, CALLED = 400, 240
"""Characters that are quoted of what was said, and of the call."""
_WORDS = re.compile(
    r'\s*(?:<[\w-]{1,30}>\s*)?(?:Error:?\s*)?\[?(?:'
    r'The (?:user|human|operator|person)(?: has)? (?:do?es ?n.t want|does not want|did ?n.t want'
    r'|did not (?:want|allow|approve)'
    r'|rejected|denied|declined|refused|cancell?ed|aborted|said no|chose not|interrupted)'
    r'|User (?:has )?(?:rejected|denied|declined|refused|cancell?ed|aborted|said no|chose not|interrupted|did not)'
    r'|(?:Rejected|Denied|Declined|Refused|Blocked|Cancell?ed|Aborted|Forbidden|Not (?:allowed|permitted|approved))'
    r' (?:by|per|due to|because of) (?:the )?'
    r'(?:user|human|operator|reviewer|admin\w*|policy|rule|hook|permission|settings)'
    r'|Permission (?:to (?:use|run|write|edit|execute) .{1,80})?(?:was |has been )?(?:denied|refused)(?:[:,] ?.{0,40})?'
    r' ?(?:by|per|policy|rule|the user|user)'
    r'|Permission to .{1,120} (?:was|has been) (?:denied|refused)'
    r'|(?:Tool (?:use|call|execution)|Command|Action|Request|Operation|Call|Approval|Execution) (?:was |has been |is )?'
    r'(?:rejected|denied|declined|refused|blocked|forbidden|not (?:allowed|approved|permitted))\b'
    r'|Request interrupted by (?:the )?user'
    r'|(?:The )?tool call was (?:denied|rejected)'
    r'|Approval (?:was )?(?:denied|rejected|refused)'
    r'|(?:Der|Die) (?:Benutzer|Nutzer|Anwender)(?:in)? hat .{0,60}(?:abgelehnt|verweigert|untersagt)'
    r"|L'utilisateur (?:a )?(?:refus|rejet)|El usuario (?:ha )?(?:rechaz|deneg)|O usu[áa]rio (?:recus|rejeit|neg)"
    r"|L'utente ha (?:rifiut|neg)"
    r'|Пользователь (?:отклонил|отказал|запретил)|用户(?:已)?(?:拒绝|否决|取消)|用戶(?:已)?拒絕'
    r'|ユーザー(?:が|は).{0,20}(?:拒否|却下)|사용자가 .{0,20}(?:거부|거절)'
    r')',
    re.IGNORECASE,
)
_ACTS = re.compile(
    r'bash|shell|exec|\brun|^run|[_\-.]run|terminal|command|write|edit|patch|create|delete|remove|move|rename|push|deploy'
    r'|send|post|apply|commit|merge|kill|install|update|insert|replace|transfer|pay|refund|book|cancel|submit|upload|publish',
    re.IGNORECASE,
)
_READS = re.compile(
    r'(?:^|[_\-.])(?:read|view|fetch|get|search|list|find|grep|browse|load|open|query|look)', re.IGNORECASE
)
_SHOWS = re.compile(
    r'\s*(?:(?:cd|export|set|source|sudo|time|env)\b[^;&|\n]{0,300}(?:&&|;|\n)\s*)*(?:\w+=\S*\s+)*'
    r'(?:cat|head|tail|less|more|nl|bat|sed|awk|grep|rg|ag|find|ls|curl|wget|http|lynx|w3m|echo|printf|jq|strings'
    r'|git (?:log|show|diff|blame)|gh (?:issue|pr|api)|python\S* -c|node -e)\b'
)
"""Shell commands that print what others wrote."""


def is_refused(call: Part, result: Part) -> bool:
    """Whether a call was refused."""
    if result.denied:
        return True
    text = result.text
    if len(text) > SHORT or not _WORDS.match(text):
        return False
    return result.failed or _acts(call)


def _acts(call: Part) -> bool:
    """Whether a call would have done something, so that words of refusal in its place are none it has read."""
    if _READS.search(call.tool) or not _ACTS.search(call.tool):
        return False
    return not any(_SHOWS.match(script) for script in scripts(arguments(call.text)))


def told_call(call: Part) -> str:
    """The call as it is quoted, and known again by."""
    return one_line(told(call.tool, call.text))[:CALLED]


def told_refusal(result: Part) -> str:
    """What was said, as it is quoted."""
    text = spelled(result.text).strip()
    return text if len(text) <= SAID else text[: SAID - 2] + ' …'
