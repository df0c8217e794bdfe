"""Redaction: which secrets go, what stays, and at what cost.

All secrets here are made up and put together when the tests run, so that scanners of secrets pass over this file.
"""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.secrets.redact import HIGH_CONFIDENCE, MARK, WITHHELD, Secrets, redact
from tests.secrets.samples import made

ALPHABET = string.ascii_letters + string.digits
HEX = string.hexdigits[:16]
UPPER = string.ascii_uppercase + string.digits
BASE64 = ALPHABET + '+/'
URLSAFE = ALPHABET + '_-'

TOKENS = {
    'AWS access key': 'AK' + 'IA' + made(16, UPPER),
    'AWS temporary key': 'AS' + 'IA' + made(16, UPPER),
    'Google API key': 'AI' + 'za' + made(35, URLSAFE) + '',
    'Google OAuth token': 'ya' + '29.' + made(60, URLSAFE),
    'Google client secret': 'GOC' + 'SPX-' + made(28),
    'GitHub token': 'gh' + 'p_' + made(36),
    'GitHub app token': 'gh' + 's_' + made(36),
    'GitHub fine-grained token': 'github' + '_pat_' + made(22) + '_' + made(59),
    'GitLab token': 'gl' + 'pat-' + made(20),
    'Slack bot token': 'xo' + 'xb-' + made(12, string.digits) + '-' + made(12, string.digits) + '-' + made(24),
    'Slack app token': 'xa' + 'pp-1-' + made(11, UPPER) + '-' + made(13, string.digits) + '-' + made(64, HEX),
    'Stripe key': 'sk' + '_live_' + made(24),
    'Stripe restricted key': 'rk' + '_test_' + made(24),
    'Stripe webhook secret': 'wh' + 'sec_' + made(32),
    'OpenAI key': 'sk' + '-' + made(20) + 'T3Blbk' + 'FJ' + made(20),
    'OpenAI project key': 'sk' + '-proj-' + made(120, URLSAFE) + 'a',
    'OpenAI service account': 'sk' + '-svcacct-' + made(80, URLSAFE) + 'a',
    'Anthropic key': 'sk' + '-ant-api03-' + made(93, URLSAFE) + 'AA',
    'OpenRouter key': 'sk' + '-or-v1-' + made(64, HEX),
    'DeepSeek key': 'sk' + '-' + made(32, HEX),
    'Groq key': 'gs' + 'k_' + made(52),
    'xAI key': 'xa' + 'i-' + made(80),
    'Cerebras key': 'cs' + 'k-' + made(48, string.ascii_lowercase + string.digits),
    'Hugging Face token': 'h' + 'f_' + made(34, string.ascii_letters),
    'npm token': 'np' + 'm_' + made(36),
    'PyPI token': 'py' + 'pi-AgEIcHlwaS5vcmc' + made(140, URLSAFE),
    'Docker token': 'dckr' + '_pat_' + made(27, URLSAFE),
    'Twilio key': 'S' + 'K' + made(32, HEX),
    'SendGrid key': 'S' + 'G.' + made(22, URLSAFE) + '.' + made(43, ALPHABET),
    'Databricks token': 'da' + 'pi' + made(32, HEX),
    'DigitalOcean token': 'do' + 'p_v1_' + made(64, HEX),
    'Shopify token': 'shp' + 'at_' + made(32, HEX),
    'Linear key': 'lin' + '_api_' + made(40),
    'Vault token': 'hv' + 's.' + made(95),
    'JWT': 'ey' + 'JhbGciOiJIUzI1NiJ9.' + 'ey' + 'J' + made(40, URLSAFE) + '.' + made(43, URLSAFE),
}

KEY_BODY = '\n'.join(made(64, BASE64, str(i)) for i in range(12)) + '\n' + made(30, BASE64) + '=='


def pem(label: str = 'RSA ', body: str = KEY_BODY, end: bool = True) -> str:
    """A private key in armour."""
    dashes = '-' * 5
    closing = f'\n{dashes}END {label}PRIVATE KEY{dashes}' if end else ''
    return f'{dashes}BEGIN {label}PRIVATE KEY{dashes}\n{body}{closing}'


@pytest.mark.parametrize('name', TOKENS)
@pytest.mark.parametrize(
    'around',
    [
        '{}',
        'export KEY={}\n',
        '"key": "{}",',
        "key='{}'",
        'see {}, then',
        'ключ → {}\n',
        'a\n{}',
        'https://h/?k={}&x=1',
    ],
)
def test_a_token_goes_wherever_it_stands(name: str, around: str) -> None:
    """A token with a known prefix is replaced and nothing around it is."""
    found = redact(around.format(TOKENS[name]))
    assert MARK.fullmatch(found.removeprefix(around.split('{}')[0]).removesuffix(around.split('{}')[1]))


@pytest.mark.parametrize('label', ['RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED ', 'DSA ', ''])
def test_a_private_key_goes_as_one_block(label: str) -> None:
    """Armour and body become one mark."""
    assert MARK.fullmatch(redact(pem(label)))


@pytest.mark.parametrize(
    'key',
    [
        pem().replace('\n', '\\n'),
        '\n'.join(f'  {line}' for line in pem().split('\n')),
        '\n'.join(f'+{line}' for line in pem().split('\n')),
        ' +\n'.join(f'"{line}\\n"' for line in pem().split('\n')),
        pem(body=f'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{made(32, HEX)}\n\n{KEY_BODY}'),
        pem(end=False),
    ],
    ids=['escaped', 'indented', 'in a diff', 'in a program', 'with headers', 'cut off'],
)
def test_a_private_key_goes_in_every_dress(key: str) -> None:
    """No line of the body is left, however the block is written."""
    found = redact(f'before\n{key}\nafter')
    assert not any(line in found for line in KEY_BODY.split('\n'))
    assert found.startswith('before')
    assert found.endswith('after')


def test_a_service_account_loses_its_key_only() -> None:
    """The JSON of a service account stays JSON; its names stay."""
    account = '{"type": "service_account", "private_key": "' + pem('').replace('\n', '\\n') + '\\n", "client_id": "1"}'
    found = redact(account)
    assert found.startswith('{"type": "service_account", "private_key": "[REDACTED-')
    assert found.endswith('"client_id": "1"}')


CONTEXTS = {
    'AWS secret key': ('aws_secret_access_key = {}', made(40, BASE64)),
    'AWS secret key in JSON': ('"SecretAccessKey": "{}"', made(40, BASE64)),
    'AWS session token': ('AWS_SESSION_TOKEN={}', made(200, BASE64)),
    'Azure storage': (
        'DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=y',
        made(86, BASE64) + '==',
    ),
    'Azure bus': ('Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey={}', made(43, BASE64) + '='),
    'Azure client secret': ('secret {} end', 'abc8' + 'Q~' + made(34)),
    'shared access signature': ('https://x.blob.core.windows.net/c?sv=2022&sig={}&se=1', made(43) + '%3D'),
    'signed URL': ('https://b.s3.amazonaws.com/k?X-Amz-Signature={}', made(64, HEX)),
    'Slack webhook': ('https://hooks.slack.com/services/{}', f'T{made(8, UPPER)}/B{made(8, UPPER)}/{made(24)}'),
    'bearer': ('Authorization: Bearer {}', made(40)),
    'bearer in JSON': ('"authorization": "Bearer {}"', made(40, URLSAFE) + '7'),
    'bearer of curl': ("curl -H 'Authorization: token {}' https://x", made(40, HEX)),
    'basic': ('authorization: Basic {}', 'dXNlcjpodW50ZXIyaHVudGVyMg=='),
    'header': ('x-api-key: {}', made(32)),
    'PostgreSQL': ('postgres://app:{}@db.internal:5432/main', 'hunter2'),
    'Redis': ('redis://:{}@10.0.0.1:6379/0', 'hunter2'),
    'git remote': ('https://x-access-token:{}@github.com/a/b.git', made(20)),
    'connection string': ('Server=db;Database=x;User Id=sa;Password={};Encrypt=True', 'Hunter2!'),
}


@pytest.mark.parametrize('name', CONTEXTS)
def test_a_secret_goes_where_its_context_names_it(name: str) -> None:
    """Only the secret goes; the words around it stay, so that the text still says what it was."""
    around, secret = CONTEXTS[name]
    before, after = around.split('{}')
    found = redact(f'one\n{around.format(secret)}\ntwo')
    assert MARK.fullmatch(found.removeprefix(f'one\n{before}').removesuffix(f'{after}\ntwo'))


STAYS = [
    'commit 3f786850e387550fdaab836ed7e6dc881de23b39',
    'sha256:' + made(64, HEX),
    '"integrity": "sha512-' + made(86, BASE64) + '==",',
    'id: 123e4567-e89b-12d3-a456-426614174000',
    '<img src="data:image/png;base64,' + made(900, BASE64) + '">',
    'h1:' + made(43, BASE64) + '=',
    'strings.Contains(text, "-----BEGIN RSA ' + 'PRIVATE KEY-----") && strings.Contains(more, "x")',
    '-----BEGIN ' + 'PRIVATE KEY----- is how it begins, and a base64 body follows',
    '-----BEGIN CERTIFICATE-----\n' + KEY_BODY + '\n-----END CERTIFICATE-----',
    'Authorization: Bearer <token>',
    'Authorization: Bearer ${TOKEN}',
    'Authorization: Bearer YOUR_API_KEY_GOES_HERE',
    'req.Header.Set("Authorization", "Bearer "+token)',
    'postgres://user:password@localhost/db',
    'postgres://user:${PASSWORD}@localhost/db',
    'git@github.com:owner/repo.git and http://localhost:8080/@scope/name',
    'user@example.com: https://example.com:443/path?x=a@b.example',
    'npm_config_registry=https://registry.example.org npm_lifecycle_event',
    'sk-learn task-runner-for-everything-in-here disk-usage-by-folder-and-file',
    'github_path github_pat_ ghp_short xoxb- hf_hub_download_something_long',
    'the eyJ prefix, eyJhbGciOiJIUzI1NiJ9 alone, a.b.c',
    'password = getpass.getpass("Password: ")',
    'token := auth.Token; apiKey: args[i]; secret_key: str | None = None',
    '; password=input',
    'from .tokens.families import family_of_tokenizer_v2',
]


@pytest.mark.parametrize('text', STAYS)
def test_what_only_resembles_a_secret_stays(text: str) -> None:
    """Hashes, identifiers, images, lock files, certificates, placeholders and code are let alone."""
    assert redact(text) is text


def test_equal_secrets_have_equal_marks() -> None:
    """One can see that two places hold the same secret, and that a third does not."""
    first, second = TOKENS['GitHub token'], TOKENS['npm token']
    marks = MARK.findall(redact(f'{first}\n{second}\n{first}'))
    assert marks[0] == marks[2] != marks[1]


def test_a_mark_is_no_plain_hash() -> None:
    """A password cannot be found by hashing a list of passwords; the same key gives the same mark in any process."""
    text = 'postgres://app:hunter2@db/main'
    assert hashlib.sha256(b'hunter2').hexdigest()[:8] not in redact(text)
    one, other = Secrets(key=b'one'), Secrets(key=b'two')
    assert redact(text, one) == redact(text, Secrets(key=b'one')) != redact(text, other)
    assert "b'one'" not in repr(one)


def test_patterns_can_be_added_replaced_and_taken_away() -> None:
    """A user's expression counts like a built-in one; its group `secret` says what goes."""
    mine = HIGH_CONFIDENCE.with_patterns({'badge': r'badge (?P<secret>\d{6})'})
    assert MARK.sub('*', redact('badge 123456', mine)) == 'badge *'
    token = TOKENS['GitHub token']
    assert redact(token, mine.without('GitHub token')) == token
    assert redact(token, mine.with_patterns({'GitHub token': 'never'})) == token
    assert HIGH_CONFIDENCE.with_patterns({}) is HIGH_CONFIDENCE
    assert redact(token, Secrets(built_in=False)) is token


@given(st.text(), st.sampled_from([r'\w{8}', r'[0-9a-f]+', r'.', 'REDACTED', r'\[', 'x*']))
def test_marks_are_never_redacted(text: str, pattern: str) -> None:
    """Whatever a user looks for, redacting again changes nothing."""
    greedy = Secrets({'greedy': pattern}, built_in=False)
    once = redact(text, greedy)
    assert redact(once, greedy) == once


SECRETS = st.sampled_from([*TOKENS.values(), *(around.format(secret) for around, secret in CONTEXTS.values()), pem()])


@given(
    st.lists(st.one_of(SECRETS, st.text(max_size=30), st.sampled_from(STAYS)), max_size=8),
    st.sampled_from([' ', '\n', ', ']),
)
def test_redacting_twice_changes_nothing(parts: list[str], joint: str) -> None:
    """Idempotent and deterministic, whatever stands next to what."""
    text = joint.join(parts)
    once = redact(text)
    assert redact(text) == once
    assert redact(once) == once


@given(st.text(), st.sampled_from(sorted(TOKENS)), st.text())
def test_no_token_survives_any_surroundings(before: str, name: str, after: str) -> None:
    """Whatever text surrounds a token, it is gone."""
    assert TOKENS[name] not in redact(f'{before} {TOKENS[name]} {after}')


def test_odd_characters_do_not_move_anything() -> None:
    """Lone surrogates and characters beyond the basic plane are one character each and stay."""
    token = TOKENS['GitHub token']
    assert MARK.sub('*', redact(f'\ud800😀\u2028{token}\udfff')) == '\ud800😀\u2028*\udfff'


ARMOUR = '-' * 5 + 'BEGIN PRIVATE KEY' + '-' * 5
BEGINNINGS = [
    *(
        ARMOUR,
        f'{ARMOUR}\nAaa: ',
        f'{ARMOUR}{"A" * 20}\n',
        'Aa: b\n',
        'ey' + 'J',
        'eyJhbGciOiJIUzI1NiJ9.',
        'sk-',
        'sk-ant-',
    ),
    *('://a:', '://', '://u:p@h', 'password=', 'secret_key: ', 'Authorization: Bearer ', 'xox' + 'b-1-', 'AccountKey='),
    *('&sig=', 'Q~', 'a', 'a.', ' ', '-', '=', '\n', '\\n', '@', '[REDACTED-', '[REDACTED-01234567]'),
]


@pytest.mark.parametrize('beginning', BEGINNINGS)
def test_a_hostile_text_is_read_through(beginning: str) -> None:
    """A megabyte of beginnings of secrets; what is not linear would be noticed by the minutes that it takes."""
    text = beginning * (1_000_000 // len(beginning)) + '@'
    assert redact(text).endswith(('@', ']'))


def test_a_pattern_that_is_none_is_refused() -> None:
    """Where it is written, not where it is first used."""
    with pytest.raises(ConfigError, match='no regular expression'):
        Secrets({'broken': '('})


def test_what_a_slow_pattern_was_not_through_with_is_not_shown() -> None:
    """A text is shown looked through, or not at all; what is said in its place names the pattern."""
    slow = Secrets({'badge': r'(?:a|aa)+\d'})
    assert redact('badge a1 of 12', slow) == f'badge {slow.mark("a1")} of 12'
    text = 'a' * 5_000
    assert redact(text, slow) == WITHHELD.format('5,000', 'badge')
