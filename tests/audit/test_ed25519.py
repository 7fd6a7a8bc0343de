"""The Ed25519 verification in verify_log.py agrees with RFC 8032 and with the library that the portal signs with."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from snapshots.audit import verify_log
from snapshots.audit.verify_log import ORDER, PRIME, is_signature

VECTORS = {
    "1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}
"""Public key, message and signature of RFC 8032, section 7.1."""
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()


def agrees_with_library(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return not is_signature(public, message, signature)
    return is_signature(public, message, signature)


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc_verify_and_no_bit_of_them_may_change(name):
    public, message, signature = map(bytes.fromhex, VECTORS[name])
    assert is_signature(public, message, signature)
    assert not is_signature(public, message + b"x", signature)
    for place in range(0, 64, 5):
        changed = bytes(byte ^ (1 << place % 8) * (at == place) for at, byte in enumerate(signature))
        assert not is_signature(public, message, changed)


@settings(max_examples=15, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300), bit=st.integers(0, 511))
def test_any_signature_of_the_library_verifies_and_changed_ones_are_refused_by_both(seed, message, bit):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert is_signature(public, message, signature)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert agrees_with_library(public, message, bytes(changed))


def test_a_signature_with_the_order_added_to_s_is_refused():
    signature = KEY.sign(b"text")
    s = int.from_bytes(signature[32:], "little")
    for multiple in range(1, 8):
        malleated = signature[:32] + (s + multiple * ORDER).to_bytes(32, "little")
        assert not is_signature(PUBLIC, b"text", malleated)


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(length):
    assert not is_signature(PUBLIC, b"text", (KEY.sign(b"text") * 2)[:length])


@pytest.mark.parametrize(
    "number",
    [
        PRIME,  # 0, not reduced
        PRIME + 1,  # 1, not reduced
        2**255 - 1,
        1 + 2**255,  # x is 0, with a sign
        PRIME - 1 + 2**255,
        2,  # not on the curve
    ],
)
def test_bytes_that_are_not_the_one_encoding_of_a_point_are_refused(number):
    with pytest.raises(ValueError, match="no point of the curve"):
        verify_log.decode_point(number.to_bytes(32, "little"))


def test_a_signature_with_another_encoding_of_its_point_is_refused():
    signature = bytes(32) + bytes(32)
    for r in (1, PRIME + 1, 1 + 2**255):
        encoded = r.to_bytes(32, "little")
        small = (1).to_bytes(32, "little")
        assert is_signature(small, b"text", encoded + signature[32:]) is (r == 1)
