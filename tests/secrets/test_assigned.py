"""What is assigned to a telling name: in which notations it is found, which names tell, what stays."""

from __future__ import annotations

import string

import pytest

from compactor.secrets.randomness import looks_random, made_up, password_like
from compactor.secrets.redact import ASSIGNED, HIGH_CONFIDENCE, MARK, redact
from tests.secrets.samples import SETS, made

SEEDS = tuple(map(str, range(40)))
FOUND = 0.92
"""Share of 24 random letters and digits that is found to be random, at least; a few look like words."""

NOTATIONS = [
    'api_key = "{}"',
    "api_key='{}'",
    'export AWS_SECRET_ACCESS_KEY={}',
    'set API_KEY={}',
    '"apiKey": "{}",',
    '\\"api_key\\": \\"{}\\"',
    "'secret' => '{}'",
    'token: {}',
    '  client-secret: "{}"',
    '<password>{}</password>',
    '<add key="ApiKey" value="{}"/>',
    '<string name="google_api_key">{}</string>',
    '--token {} x',
    '--api-key={}',
    'Authorization: Bearer {}',
    'authorization: token {}',
    'x-api-key: {}',
    'X-Auth-Token: {}',
    '%22api_key%22%3A%22{}%22',
    'https://example.org/p?token={}&x=1',
    'https://example.org/p?key={}',
    'https://example.org/p?x=1&sig={}',
    'https://example.org/p?X-Amz-Signature={}',
    '&quot;token&quot;: &quot;{}&quot;',
    '- name: API_KEY\n  value: {}\n',
    '{{"name": "DB_PASSWORD", "value": "{}"}}',
    'const apiKey: string = "{}"',
    'token: str = "{}"',
    'var token string = "{}"',
    'os.environ["API_KEY"] = "{}"',
    'setenv("API_KEY", "{}")',
    'config.api_key := `{}`',
    '| api_key | {} |',
    'the api key is {}',
    'api_key\t=\t{}',
    '    12\tAPI_KEY={}',
    '12:API_KEY={}',
    '+API_KEY={}',
    'token=\\u001b[31m{}\\u001b[0m',
    '//registry.example.org/:_authToken={}',
    'AccountKey={};EndpointSuffix=y',
    'TELEGRAM_BOT_TOKEN=1234567890:{}',
]


@pytest.mark.parametrize('notation', NOTATIONS)
def test_a_random_value_goes_in_every_notation(notation: str) -> None:
    """Nearly always, and nothing around it goes with it."""
    before, after = notation.replace('{{', '{').replace('}}', '}').split('{}')
    gone = 0
    for seed in SEEDS:
        secret = made(24, seed=seed)
        shown = redact(before + secret + after)
        gone += secret not in shown
        assert shown.startswith(before)
        assert shown.endswith(after)
    assert gone >= FOUND * len(SEEDS)


TELLING = [
    *('password', 'DB_PASSWORD', 'dbPasswd', 'passphrase', 'API_KEY', 'apikey', 'APIKey', 'x-api-key', 'client_secret'),
    *(
        'auth-token',
        'accessToken',
        'AWS_SECRET_ACCESS_KEY',
        'private_key',
        'SIGNING_KEY_PROD',
        'jwtSecret',
        'credentials',
    ),
    *(
        'ENCRYPTION_KEY',
        'webhook_secret',
        'GITHUB_TOKEN',
        'refresh_token',
        'session_token',
        'licenseKey',
        'MASTER_KEY_2',
    ),
]
SILENT = [
    *('commit', 'sha256', 'digest', 'id', 'request_id', 'trace_id', 'etag', 'cache_key', 'primary_key', 'partitionKey'),
    *(
        'next_page_token',
        'nextPageToken',
        'continuation_token',
        'cursor',
        'csrf_token',
        'publicKey',
        'public_key',
        'hash',
    ),
    *(
        'session_id',
        'parentUuid',
        'object_key',
        'integrity',
        'revision',
        'nonce',
        'version',
        'tree',
        'max_tokens',
        'key',
    ),
]


@pytest.mark.parametrize('name', TELLING)
def test_names_that_tell(name: str) -> None:
    """What they are given goes, where it looks random."""
    assert MARK.search(redact(f'{name}={made(32, seed="telling")}'))


@pytest.mark.parametrize('name', SILENT)
def test_names_that_tell_nothing(name: str) -> None:
    """Hashes, identifiers, keys of caches, and what an agent turns pages with."""
    text = (
        f'{name}: {made(32, seed="silent")}\n"{name}": "{made(40, SETS["x"], "silent")}"\n{name}={made(24, seed="s")}'
    )
    assert redact(text) is text


STAYS = [
    'password = getpass.getpass("Password: ")',
    'token := auth.Token; apiKey: args[i]; secret_key: str | None = None',
    'from .tokens.families import family_of_tokenizer_v2',
    'token = tokenizer_v2_of_2026_final',
    'secret: my-secret-name-v1-prod-eu-west-1',
    'secretName: default-token-abc12',
    'api_key = os.environ["API_KEY_V2_2024"]',
    'api_key = settings.API_KEY_V2.get_secret_value()',
    'api_key: ${{ secrets.API_KEY_2024_V1 }}',
    'api_key=${API_KEY_2024_V1_PROD}',
    'api_key = "<your-api-key-123-456-here>"',
    'api_key = "YOUR_API_KEY_123_HERE_456"',
    'api_key = "your-api-key-1a2b3c4d5e6f"',
    'api_key = "sk-xxxxxxxxxxxxxxxxxxxx1234"',
    'api_key = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
    'api_key = "********************************"',
    'api_key = "00000000000000000000000000000000"',
    'token = make_token_v2("a1b2")',
    'TOKEN_EXPIRES=2026-01-01T00:00:00.000Z',
    'token_endpoint: https://example.org/v1/oauth2/token',
    'password: /run/secrets/db_password_2024_v1',
    'password_file=/etc/app/2024/v1/password1.txt',
    'token_count: 1234567890123456',
    'private_key_path: ~/.ssh/id_ed25519_work_2024',
    '--- PASS: TestParse_Version2_3_4 (0.01s)',
    'password1 == password2',
    'PASSWORD_MIN_LENGTH=12',
    'passwords must have 8 characters, 1 digit and 1 capital',
]


@pytest.mark.parametrize('text', STAYS)
def test_what_only_stands_for_a_secret_stays(text: str) -> None:
    """Expressions, placeholders, names, paths, links, times, counts."""
    assert redact(text) is text


PASSWORDS = ['hunter2!Hunter', 'Sup3rS3cret!', 'aB3!aB3!aB3!', 'Tr0ub4dor&3xyz', 'correct-Horse7!']


@pytest.mark.parametrize('secret', PASSWORDS)
@pytest.mark.parametrize(
    'around',
    ['DB_PASSWORD={}', 'password: "{}"', "password = '{}'", '"password": "{}"', '--password {}', 'MYSQL_PASS={}'],
)
def test_short_passwords_go_by_their_names(secret: str, around: str) -> None:
    """What is no word and no name, after a name that says password."""
    shown = redact(around.format(secret))
    assert secret not in shown
    assert shown.startswith(around.split('{}')[0])


@pytest.mark.parametrize('around', ['password={} host=h', 'password: {}', 'url?password={}&x=1', 'PASSWORD={}'])
def test_a_word_with_a_number_goes_where_it_is_given(around: str) -> None:
    """In settings and queries, not in programs, and not what stands for a password."""
    assert 'hunter2' not in redact(around.format('hunter2'))
    for other in ('password1', 'secret12', 'value123', 'testuser1'):
        assert redact(around.format(other)) == around.format(other)
    assert redact('password = hunter2') == 'password = hunter2'


def test_assignments_can_be_let_alone() -> None:
    """By their name; what has a form of its own still goes."""
    without = HIGH_CONFIDENCE.without(ASSIGNED)
    text = f'api_key = "{made(32, seed="telling")}"'
    assert MARK.search(redact(text))
    assert redact(text, without) is text
    assert MARK.search(redact('gh' + 'p_' + made(36), without))


def test_looking_random() -> None:
    """Generated text looks random, names and versions do not."""
    for alphabet in (string.ascii_letters + string.digits, SETS['x'], SETS['l'], SETS['u']):
        for length in (16, 24, 32, 40, 64):
            looks = [looks_random(made(length, alphabet, seed)) for seed in SEEDS]
            assert sum(looks) >= (0.75 if length == 16 else FOUND) * len(SEEDS)
    for name in (
        './cmd/git-sync/convert_sha256.go',
        'tokenizer_v2_of_2026',
        'a1a1a1a1a1a1a1a1',
        'getUserTokenV2FromCache3',
        'release-2024-05-01-final',
        'src/compactor/v2/secrets3/names4.py',
    ):
        assert not looks_random(name), name


def test_what_is_made_up() -> None:
    """Examples and placeholders are; what is generated is not, also where it repeats itself."""
    for text in ('AK' + 'IAIOSFODNN7EXAMPLE', 'ghp_xxxxxxxxxxxxxxxx', 'changeme', '****', '000000', 'aaaaaaaaaaa'):
        assert made_up(text), text
    for text in ('a1B2' * 9, made(24), 'AK' + 'IAIOSFODNN7EXAMPLF'):
        assert not made_up(text), text


def test_what_may_be_a_password() -> None:
    """Expressions, paths and words are none."""
    assert password_like('hunter2!Hunter', quoted=False)
    for text in (
        '${PASSWORD}',
        '$PASSWORD1',
        '{{ Password1 }}',
        '<Password-1>',
        '/run/Secret1',
        'get(Password1)',
        'password',
    ):
        assert not password_like(text, quoted=True), text
