"""A keyed permutation of the strings of digits of one length: no two ever share a fake.

It is the Feistel network of FF1 (NIST SP 800-38G, section 5.1), with keyed BLAKE2 in place of a
block cipher: the halves take turns in being shifted by what is drawn from the other one.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import Final

_ROUNDS: Final = 10


def permuted(digits: str, *, key: bytes, kind: str) -> str:
    """Return what stands for `digits`.

    Args:
        digits: at least two.
        key: up to 32 bytes.
        kind: what they are; digits of another kind change places otherwise.
    """
    # Sixteen bytes are so many that what is left of a division by 10^8 is drawn evenly.
    begun = blake2s(f"{kind}/{len(digits)}/".encode(), key=key, digest_size=16)
    middle = len(digits) // 2
    left, right = digits[:middle], digits[middle:]
    for turn in range(_ROUNDS):
        drawn = begun.copy()
        drawn.update(f"{turn}/{right}".encode())
        size = len(left)
        shifted = (int(left) + int.from_bytes(drawn.digest())) % 10**size
        left, right = right, f"{shifted:0{size}}"
    return left + right
