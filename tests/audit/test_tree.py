"""The Merkle tree against published vectors, against the recursive definition, and against wrong proofs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapshots.audit import tree

# Leaves, roots and proofs of the reference tree that the implementations of Certificate Transparency share
# (github.com/transparency-dev/merkle, testonly). The roots are those of the first 1, 2, … 8 leaves.
LEAVES = [
    tree.leaf_hash(bytes.fromhex(text))
    for text in [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LEAF_5 = "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658"
NODE_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = [
    (0, 1, []),
    (0, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
    (5, 8, [LEAF_4, NODE_6_7, ROOTS[3]]),
    (2, 3, [ROOTS[1]]),
    (1, 5, [ROOTS[0], NODE_2_3, LEAF_4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
    (6, 8, [NODE_4_5, NODE_6_7, ROOTS[3]]),
    (2, 5, [NODE_2_3, LEAF_4]),
]
SIZES = st.integers(1, 70)


def leaf(number: int) -> bytes:
    return tree.leaf_hash(str(number).encode())


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return tree.node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def hashes_of(leaves: list[bytes]) -> tree.HashAt:
    return lambda level, index: recursive_root(leaves[index << level : (index + 1) << level])


@pytest.mark.parametrize("size", range(1, 9))
def test_the_reference_tree_has_the_published_roots(size: int) -> None:
    stack = tree.Stack()
    for hash_ in LEAVES[:size]:
        stack.push(0, hash_)
    assert stack.root().hex() == ROOTS[size - 1]
    assert tree.root(size, hashes_of(LEAVES)).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        tree.EMPTY_ROOT.hex() == tree.Stack().root().hex() == tree.root(0, hashes_of([])).hex() == published
    )


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_proofs_equal_the_published_ones(index: int, size: int, proof: list[str]) -> None:
    made = tree.inclusion_proof(index, size, hashes_of(LEAVES))
    assert [hash_.hex() for hash_ in made] == proof
    assert tree.verify_inclusion(index, size, LEAVES[index], made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proofs_equal_the_published_ones(old: int, new: int, proof: list[str]) -> None:
    made = tree.consistency_proof(old, new, hashes_of(LEAVES))
    assert [hash_.hex() for hash_ in made] == proof
    roots = [bytes.fromhex(ROOTS[size - 1]) for size in (old, new)]
    assert tree.verify_consistency(old, new, roots[0], roots[1], made)


def test_leaf_5_of_the_reference_tree_has_the_published_hash() -> None:
    assert (LEAVES[5].hex(), LEAVES[4].hex()) == (LEAF_5, LEAF_4)


@given(SIZES, SIZES)
def test_proofs_of_any_tree_verify(one: int, other: int) -> None:
    old, new = sorted((one, other))
    leaves = [leaf(number) for number in range(new)]
    hash_at, root = hashes_of(leaves), recursive_root(leaves)
    assert tree.root(new, hash_at) == root
    path = tree.inclusion_proof(old - 1, new, hash_at)
    assert tree.verify_inclusion(old - 1, new, leaves[old - 1], path, root)
    proof = tree.consistency_proof(old, new, hash_at)
    assert tree.verify_consistency(old, new, recursive_root(leaves[:old]), root, proof)


@given(SIZES, SIZES, st.data())
def test_a_proof_with_one_change_is_refused(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    leaves = [leaf(number) for number in range(new)]
    hash_at, root, old_root = hashes_of(leaves), recursive_root(leaves), recursive_root(leaves[:old])
    path, proof = tree.inclusion_proof(old - 1, new, hash_at), tree.consistency_proof(old, new, hash_at)
    for wrong in changed(path, data):
        assert not tree.verify_inclusion(old - 1, new, leaves[old - 1], wrong, root)
    for wrong in changed(proof, data):
        assert not tree.verify_consistency(old, new, old_root, root, wrong)
    assert not tree.verify_inclusion(old - 1, new, leaf(999), path, root)
    assert not tree.verify_consistency(old, new, leaf(999), root, proof)
    assert not tree.verify_consistency(old, new, old_root, leaf(999), proof)


def changed(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof with a hash too many, and with one hash too few or another one in its place."""
    place = data.draw(st.integers(0, len(proof)))
    wrong = [[*proof[:place], leaf(999), *proof[place:]]]
    if place < len(proof):
        wrong += [proof[:place] + proof[place + 1 :], [*proof[:place], leaf(999), *proof[place + 1 :]]]
    return wrong


@given(SIZES)
def test_an_inclusion_proof_is_refused_for_every_other_place(size: int) -> None:
    leaves = [leaf(number) for number in range(size)]
    root, path = recursive_root(leaves), tree.inclusion_proof(size // 2, size, hashes_of(leaves))
    places = [
        index
        for index in range(-1, size + 1)
        if tree.verify_inclusion(index, size, leaves[size // 2], path, root)
    ]
    assert places == [size // 2]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_range_is_split_into_the_largest_aligned_subtrees(one: int, other: int) -> None:
    start, end = sorted((one, other))
    position = start
    for level, index in tree.decompose(start, end):
        assert index << level == position
        position += 1 << level
        is_larger_one_possible = index % 2 == 0 and (index + 2) << level <= end
        assert not is_larger_one_possible
    assert position == end


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_tree_built_from_subtrees_has_the_root_of_its_leaves(one: int, other: int) -> None:
    middle, size = sorted((one, other))
    leaves = [leaf(number) for number in range(size)]
    stack = tree.Stack()
    for level, index in tree.decompose(0, middle) + tree.decompose(middle, size):
        stack.push(level, hashes_of(leaves)(level, index))
    assert (stack.size, stack.root()) == (size, recursive_root(leaves))


@pytest.mark.parametrize(("before", "level"), [(1, 1), (3, 1), (2, 2), (0, -1)])
def test_a_subtree_that_is_not_aligned_cannot_be_pushed(before: int, level: int) -> None:
    stack = tree.Stack()
    for number in range(before):
        stack.push(0, leaf(number))
    with pytest.raises(tree.TreeError, match=f"level {level} cannot begin at leaf {before}"):
        stack.push(level, leaf(9))
    assert stack.size == before


def test_proofs_that_no_tree_has_are_refused() -> None:
    hash_at = hashes_of(LEAVES)
    for index, size in [(8, 8), (-1, 8), (0, 0)]:
        with pytest.raises(tree.TreeError):
            tree.inclusion_proof(index, size, hash_at)
        assert not tree.verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])
    for old, new in [(9, 8), (-1, 8)]:
        with pytest.raises(tree.TreeError):
            tree.consistency_proof(old, new, hash_at)
        assert not tree.verify_consistency(old, new, LEAVES[0], LEAVES[0], [])
    with pytest.raises(tree.TreeError):
        tree.decompose(2, 1)


def test_every_tree_begins_with_the_empty_one() -> None:
    root = bytes.fromhex(ROOTS[7])
    assert tree.consistency_proof(0, 8, hashes_of(LEAVES)) == []
    assert tree.verify_consistency(0, 8, tree.EMPTY_ROOT, root, [])
    assert not tree.verify_consistency(0, 8, root, root, [])
    assert not tree.verify_consistency(0, 8, tree.EMPTY_ROOT, root, [root])
    assert not tree.verify_consistency(0, 0, tree.EMPTY_ROOT, root, [])


def test_a_tree_that_did_not_grow_must_keep_its_root() -> None:
    root, other = bytes.fromhex(ROOTS[7]), bytes.fromhex(ROOTS[6])
    assert tree.verify_consistency(8, 8, root, root, [])
    assert not tree.verify_consistency(8, 8, other, root, [])
    assert not tree.verify_consistency(8, 8, root, root, [root])


def test_a_proof_must_have_the_length_that_the_size_asks_for_even_when_its_hashes_lead_to_the_root() -> None:
    root, pair = bytes.fromhex(ROOTS[7]), bytes.fromhex(ROOTS[1])
    assert not tree.verify_inclusion(0, 8, root, [], root), "the root is not a leaf of a larger tree"
    assert not tree.verify_inclusion(0, 1, LEAVES[1], [LEAVES[0]], pair), (
        "a tree of one leaf has no second one"
    )
    assert not tree.verify_consistency(4, 8, root, root, [])
    assert not tree.verify_consistency(1, 8, LEAVES[0], pair, [LEAVES[1]]), (
        "two leaves are not a tree of eight"
    )
