"""Which names tell that a value is a secret."""

from __future__ import annotations

import re
from functools import lru_cache

_KEYS = (
    'access account admin aes api app application auth authorization bot cipher client consumer crypto deploy encrypt'
    ' encryption function functions hmac host ingest ingestion integration jwt license machine master private recovery'
    ' root sas secret server service session shared signature signing storage subscription unseal vault webhook write'
)
"""What makes a secret of a key."""
_STAGES = (
    'b64 base64 current default dev live new old plain plaintext previous primary prod production raw secondary staging'
    ' test value'
)
"""What may stand behind the name proper."""
_NOUN = re.compile(
    r'(?:passw(?:or)?ds?|passphrase|passcode|pwd|(?:admin|db|my|root|ssh|user)pass|secrets?|tokens?|credentials?|creds'
    rf'|(?:{"|".join(_KEYS.split())})keys?|gitlabsession|bearer|clientkeydata)'
    rf'(?:{"|".join(_STAGES.split())}|\d{{1,2}})*$'
)
_NO_SECRET = re.compile(
    r'(?:antiforgery|bos|cached|cancel|cancellation|completion|continuation|continue|cls|csrf|cursor|delta|eos|fencing'
    r'|input|lock|mask|max|min|next|num|output|pad|page|pagination|prev|previous|prompt|resume|sep|skip|special|stop'
    r'|sync|total|unk|verification|xsrf)tokens?$'
    r'|publickey$'
)
"""Tokens that pages are turned with, that models count, and the like: an agent needs them."""
_IN_URL = frozenset(('auth', 'code', 'key', 'sig', 'signature', 'xamzsignature', 'xgoogsignature'))
"""Parameters of a URL that hold a secret, where the name alone would not say so."""
_OTHER = re.compile(r'[^a-z0-9]')


def joined(name: bytes) -> str:
    """A name in small letters without what separates its words."""
    return _OTHER.sub('', name.decode('ascii').lower())


@lru_cache(4_096)
def telling(name: bytes, *, in_url: bool = False) -> bool:
    """Whether a name promises a secret: `AWS_SECRET_ACCESS_KEY`, `clientSecret`, not `next_page_token`."""
    plain = joined(name)
    if in_url and plain in _IN_URL:
        return True
    return _NOUN.search(plain) is not None and _NO_SECRET.search(plain) is None
