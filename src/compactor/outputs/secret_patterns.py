"""The table of secrets that are known by their form or their context, each as a regular expression.

Makers of tokens give them prefixes so that they can be recognised; their own descriptions are the source of the
lengths here. Where a minimum is given, real tokens are longer.
"""

from __future__ import annotations

from collections.abc import Mapping

LEAST_TOKEN = 20
"""Characters of the shortest token with a prefix."""
_END = '(?![A-Za-z0-9])'

_PREFIXED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    'AWS access key': (r'(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9/+=])', ('AKIA', 'ASIA', 'ABIA', 'ACCA')),
    'Google API key': (r'AIza[A-Za-z0-9_\-]{35}' + _END, ('AIza',)),
    'Google OAuth token': (r'ya29\.[A-Za-z0-9_\-]{20,}', ('ya29.',)),
    'Google OAuth client secret': (r'GOCSPX-[A-Za-z0-9_\-]{28}' + _END, ('GOCSPX-',)),
    'GitHub token': (r'gh[pousr]_[A-Za-z0-9]{36,255}' + _END, ('gh',)),
    'GitHub fine-grained token': (r'github_pat_[A-Za-z0-9_]{50,}', ('github_pat_',)),
    'GitLab token': (r'gl(?:pat|ptt|rt|dt|oas|soat|cbt|ft|imt|agent|ffct)-[A-Za-z0-9_\-.]{20,}', ('gl',)),
    'Slack token': (r'xox[abceoprs]-(?:\d-)?[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{4,})*', ('xox',)),
    'Slack app token': (r'xapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-z0-9]{32,}', ('xapp-',)),
    'Stripe key': (r'(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{16,}' + _END, ('sk_', 'rk_')),
    'Stripe webhook secret': (r'whsec_[A-Za-z0-9+/=]{32,}', ('whsec_',)),
    'key of a model provider': (
        r'sk-(?:ant-[a-z]{3,10}\d{2}-[A-Za-z0-9_\-]{20,}|or-v1-[0-9a-f]{64}|lf-[0-9a-f\-]{36}'
        r'|(?:proj|svcacct|admin|None)-[A-Za-z0-9_\-]{40,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}'
        r'|[0-9a-f]{32})' + _END,
        ('sk-',),
    ),
    'Groq key': (r'gsk_[A-Za-z0-9]{50,}' + _END, ('gsk_',)),
    'xAI key': (r'xai-[A-Za-z0-9]{70,}' + _END, ('xai-',)),
    'Cerebras key': (r'csk-[a-z0-9]{40,}' + _END, ('csk-',)),
    'Perplexity key': (r'pplx-[A-Za-z0-9]{40,}' + _END, ('pplx-',)),
    'Replicate token': (r'r8_[A-Za-z0-9]{37}' + _END, ('r8_',)),
    'Hugging Face token': (r'(?:hf|api_org)_[A-Za-z]{34,}' + _END, ('hf_', 'api_org_')),
    'Logfire token': (r'pylf_v\d_[a-z]{2}_[A-Za-z0-9]{30,}' + _END, ('pylf_',)),
    'npm token': (r'npm_[A-Za-z0-9]{36}' + _END, ('npm_',)),
    'PyPI token': (r'pypi-AgE[A-Za-z0-9_\-]{50,}', ('pypi-',)),
    'Docker token': (r'dckr_pat_[A-Za-z0-9_\-]{20,}', ('dckr_pat_',)),
    'Twilio key': (r'SK[0-9a-f]{32}' + _END, ('SK',)),
    'SendGrid key': (r'SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}' + _END, ('SG.',)),
    'Databricks token': (r'dapi[0-9a-f]{32}(?:-\d)?' + _END, ('dapi',)),
    'DigitalOcean token': (r'do[opr]_v1_[0-9a-f]{64}' + _END, ('do',)),
    'Shopify token': (r'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}' + _END, ('shp',)),
    'Linear key': (r'lin_api_[A-Za-z0-9]{40}' + _END, ('lin_api_',)),
    'Vault token': (r'hv[sb]\.[A-Za-z0-9_\-]{24,}', ('hv',)),
    'age key': (r'AGE-SECRET-KEY-1[A-Z0-9]{58}' + _END, ('AGE-SECRET-KEY-1',)),
    'JWT': (r'eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{10,}', ('eyJ',)),
}

_BLANK = r'(?:\s|\\[nrt]|["\'+,|>#*\\→])'
"""What may stand between the lines of a key: line ends, quotes, marks of a diff or of a quotation."""
_LINES = rf'[A-Za-z0-9+/=]{{16,}}(?:{_BLANK}++[A-Za-z0-9+/=]{{16,}})*+'
_VALUE = r'["\']?[ \t]{0,3}(?:=>|:=|[:=,])[ \t]{0,3}["\']?'

_IN_CONTEXT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    'private key': (
        r'-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----'
        rf'(?:{_BLANK}|[A-Z][A-Za-z\-]{{2,30}}: [^\n\\]{{0,200}}(?=[\n\\])){{0,40}}+{_LINES}'
        rf'(?:{_BLANK}{{0,40}}+[A-Za-z0-9+/=]{{1,15}}(?={_BLANK}{{0,40}}+(?:[A-Za-z0-9+/=]{{1,15}}{_BLANK}{{0,40}}+)?-----END)){{0,2}}'
        rf'(?:{_BLANK}{{0,40}}+-----END [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?-----)?',
        ('private key',),
    ),
    'AWS secret key': (
        r'(?i:secret_?(?:access_?)?key)' + _VALUE + r'(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])',
        ('secretkey', 'secret_key', 'secretaccesskey', 'secret_access_key'),
    ),
    'AWS session token': (
        r'(?i:session_?token)' + _VALUE + r'(?P<secret>[A-Za-z0-9/+=]{100,})',
        ('session_token', 'sessiontoken'),
    ),
    'Azure key': (
        r'(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,88}={0,2})',
        ('accountkey=', 'sharedaccesskey='),
    ),
    'Azure client secret': (r'(?<![\w~.\-])[\w~.]{3}\dQ~[\w~.\-]{31,34}(?![\w~.\-])', ('q~',)),
    'signature of a URL': (
        r'(?i:[?&](?:sig|x-amz-signature|x-goog-signature)=)(?P<secret>[A-Za-z0-9%+/\-_]{40,600}(?:=|%3D){0,2})',
        ('?sig=', '&sig=', '-signature='),
    ),
    'webhook': (
        r'hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/]{30,})',
        ('hooks.slack.com',),
    ),
    'authorization': (
        r'(?i:authorization)["\']?\s{0,3}[:=,]\s{0,3}["\']?(?i:bearer|token|apikey|api-key|basic)\s{1,3}'
        r'(?P<secret>(?=[A-Za-z_\-.+/]{0,80}[0-9=])[A-Za-z0-9_\-.+/~]{12,}={0,2})',
        ('authorization',),
    ),
    'key in a header': (
        r'(?i:x-api-key|private-token|x-auth-token|x-goog-api-key|ocp-apim-subscription-key)["\']?\s{0,3}[:=,]\s{0,3}["\']?'
        r'(?P<random>[A-Za-z0-9_\-.+/~]{16,}={0,2})',
        ('x-api-key', 'private-token', 'x-auth-token', 'x-goog-api-key', 'ocp-apim-subscription-key'),
    ),
    'password in a URL': (
        r'://[^\s:/@"\'<>{}$%*()]{0,100}:(?!(?i:password|passwd|pass|pwd|secret|token|x+|\*+|\.+)@)'
        r'(?P<secret>[^\s/@"\'<>{}$*()\[\]]{3,200})@(?=[A-Za-z0-9.\[\-])',
        ('@',),
    ),
    'password in a connection string': (
        r'(?i:;(?:password|pwd)=)(?P<secret>[^;\s"\'{}$<>()*]{3,200})',
        (';password=', ';pwd='),
    ),
}

ASSIGNMENTS = (
    r'(?i:passw(?:or)?d|passphrase|pwd|secret|token|api[_\-]?key|auth[_\-]?key|access[_\-]?key|private[_\-]?key|credentials?)'
    + _VALUE
    + r'(?P<random>[A-Za-z0-9_\-.+/~!@#%^&*]{12,200}={0,2})'
)
"""A name that promises a secret, and a value; only what looks random goes."""

PATTERNS: Mapping[str, str] = {
    **{name: pattern for name, (pattern, _) in _IN_CONTEXT.items()},
    **{name: pattern for name, (pattern, _) in _PREFIXED.items()},
}
"""By name: the secrets of high confidence."""
STARTS: Mapping[str, tuple[str, ...]] = dict(_PREFIXED.values())
"""By expression: how such tokens begin; they are looked for only at the beginning of a long run."""
WORDS: Mapping[str, tuple[str, ...]] = {
    **dict(_IN_CONTEXT.values()),
    ASSIGNMENTS: (
        *('password', 'passwd', 'passphrase', 'pwd', 'secret', 'token', 'credential'),
        *(f'{of}{joint}key' for of in ('api', 'auth', 'access', 'private') for joint in ('', '_', '-')),
    ),
}
"""By expression: words in lower case of which one must be in the text."""
AT_WORDS = frozenset((ASSIGNMENTS,))
"""Expressions that match only where one of their words begins."""
