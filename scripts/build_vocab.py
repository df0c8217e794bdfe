"""Build the bundled rank tables of `compactor.tokens` from tiktoken's official rank files.

    python scripts/build_vocab.py PATH...

A PATH is an official `<encoding>.tiktoken` file, the same file under the sha1 name of tiktoken's cache, or a
wheel (a zip) that holds such files; the wheels of litellm and llama-index-core do. Files are recognised by
content: a file counts as `o200k_base` when its sha256 is the one that the installed tiktoken itself expects
for it. Everything else is ignored.

For every encoding one blob is written: zlib over the length of each token as one byte, in rank order,
followed by the tokens themselves, in rank order. Ends with status 1 when an encoding was not found.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from compactor.tokens.encodings import BUNDLED, VOCAB_FOLDER, expected_sha256

# A rank file holds one short line per token: the largest official one has 3.6 MB.
LARGEST_RANK_FILE = 16_000_000


def main(paths: list[str]) -> int:
    """Write the blobs of all bundled encodings found in `paths`; return the exit status."""
    wanted = {expected_sha256(name): name for name in BUNDLED}
    for source, data in contents(paths):
        name = wanted.pop(hashlib.sha256(data).hexdigest(), None)
        if name is None:
            continue
        blob = pack(data)
        target = VOCAB_FOLDER / f'{name}.bin'
        target.write_bytes(blob)
        print(f'{target.name}: {len(blob):,} bytes from {source}')
    for digest, name in wanted.items():
        print(f'{name}: no file with sha256 {digest} was found', file=sys.stderr)
    return 1 if wanted else 0


def contents(paths: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of every candidate file: plain files, and members of zip files."""
    for path in map(Path, paths):
        if not zipfile.is_zipfile(path):
            yield path.name, path.read_bytes()
            continue
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and 100_000 < member.file_size < LARGEST_RANK_FILE:
                    yield f'{path.name}!{member.filename}', archive.read(member)


def pack(rank_file: bytes) -> bytes:
    """Turn the lines `base64(token) rank` into the blob; the ranks must be 0, 1, 2, ... in order."""
    tokens: list[bytes] = []
    for line in rank_file.splitlines():
        token, rank = line.split()
        if int(rank) != len(tokens):
            raise ValueError(f'rank {int(rank)} where {len(tokens)} was expected')
        tokens.append(base64.b64decode(token))
    return zlib.compress(bytes(map(len, tokens)) + b''.join(tokens), 9)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
