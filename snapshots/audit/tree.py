"""The Merkle tree over the log's rows, as in RFC 6962 section 2.1 and RFC 9162 section 2.1. No Django, no database.

Leaf i (counted from 0) is the row with sequence i + 1. A perfect subtree has 2^level leaves and is named (level, index):
it covers the leaves index * 2^level up to, but not including, (index + 1) * 2^level. `HashAt` gives the hash of such a
subtree; proofs ask it for at most about 2 * log2(size) of them. Hashes are 32 bytes.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

HashAt = Callable[[int, int], bytes]

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class TreeError(ValueError):
    """Sizes, positions or subtrees that no tree can have."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf with the content `data`."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def decompose(start: int, end: int) -> list[tuple[int, int]]:
    """The perfect subtrees (level, index), as large as they can be, that cover the leaves start..end-1 from left to right.

    Raises TreeError unless 0 <= start <= end.
    """
    if not 0 <= start <= end:
        raise TreeError(f"no leaves from {start} to {end}")
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        parts.append((level, start >> level))
        start += 1 << level
    return parts


class Stack:
    """A tree that is built from left to right in memory that is logarithmic in its size.

    `size` is the number of leaves pushed so far, those in subtrees included.
    """

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[tuple[int, bytes]] = []

    def push(self, level: int, hash_: bytes) -> None:
        """Append a perfect subtree of 2^level leaves. Raises TreeError when the position is not a multiple of 2^level."""
        if level < 0 or self.size & ((1 << level) - 1):
            raise TreeError(f"a subtree of level {level} cannot begin at leaf {self.size}")
        self.size += 1 << level
        parts = self._parts
        while parts and parts[-1][0] == level:
            hash_ = node_hash(parts.pop()[1], hash_)
            level += 1
        parts.append((level, hash_))

    def root(self) -> bytes:
        """The root of the tree over all leaves pushed so far. It can be read at any time."""
        if not self._parts:
            return EMPTY_ROOT
        hash_ = self._parts[-1][1]
        for _level, left in reversed(self._parts[:-1]):
            hash_ = node_hash(left, hash_)
        return hash_


def range_hash(start: int, end: int, hash_at: HashAt) -> bytes:
    """The hash of the subtree over the leaves start..end-1, where `start` is a multiple of a power of 2 >= end - start."""
    parts = [hash_at(level, index) for level, index in decompose(start, end)]
    hash_ = parts.pop()
    while parts:
        hash_ = node_hash(parts.pop(), hash_)
    return hash_


def root(size: int, hash_at: HashAt) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return range_hash(0, size, hash_at) if size else EMPTY_ROOT


def _split(start: int, end: int) -> int:
    """Where the left subtree of the leaves start..end-1 ends: the largest power of 2 below their number."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the tree of `size` leaves, from the bottom (RFC 9162, 2.1.3.1).

    Raises TreeError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise TreeError(f"a tree of {size} leaves has no leaf {index}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return [range_hash(first, last, hash_at) for first, last in reversed(path)]


def consistency_proof(old: int, new: int, hash_at: HashAt) -> list[bytes]:
    """The hashes that show that the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162, 2.1.4.1).

    The proof is empty when `old` is 0 or equals `new`. Raises TreeError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise TreeError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in (0, new):
        return []
    start, end, path = 0, new, []
    while old != end:
        middle = _split(start, end)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:
        path.append((start, end))
    return [range_hash(first, last, hash_at) for first, last in reversed(path)]


def _fold(
    node: int, last: int, hashes: Sequence[bytes], old: bytes, new: bytes
) -> tuple[bytes, bytes] | None:
    """Fold `hashes` from the bottom: the root over the leaves up to `node`, and the one over the leaves up to `last`.

    `node` and `last` are positions at the level of `old` and `new`, the hashes to begin with. None when the number of
    hashes does not fit the positions.
    """
    for hash_ in hashes:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        node, last = node >> 1, last >> 1
    return None if last else (old, new)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is leaf `index` of the tree with this size and root (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    folded = _fold(index, size - 1, proof, leaf, leaf)
    return folded is not None and folded[1] == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`) (2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old in (0, new):
        return not proof and (old < new or old_root == new_root)
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    hashes = [old_root, *proof] if node == 0 else list(proof)
    if not hashes:
        return False
    return _fold(node, last, hashes[1:], hashes[0], hashes[0]) == (old_root, new_root)
