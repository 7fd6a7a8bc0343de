"""Signed notes, checkpoints and cosignatures against published vectors, and malformed or forged ones refused."""

import base64

import pytest

from snapshots.audit import notes, tree

# golang.org/x/mod/sumdb/note, note_test.go
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH_LINE = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
# c2sp.org/tlog-checkpoint
CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
# A checkpoint of a log of Certificate Transparency, with a signature of type 5, the log's own, and one by a public witness
ARCHE = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
COSIGNED = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzal"
    "ApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bf"
    "TW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0"
    "WBxtqB0DrAWfBw==\n"
)
COSIGNED_AT = 0x6A122120

peter, enoch = notes.parse_vkey(PETER), notes.parse_vkey(ENOCH)
witness = notes.SigningKey("witness.example.com/w1", bytes(range(32)))


def test_the_published_note_is_signed_byte_for_byte():
    assert notes.sign(TEXT, [notes.SigningKey("PeterNeumann", PETER_SEED)]) == f"{TEXT}\n{PETER_LINE}"
    assert notes.SigningKey("PeterNeumann", PETER_SEED).public() == peter


@pytest.mark.parametrize("vkey", [PETER, ENOCH, REMORA])
def test_a_published_key_is_read_and_written(vkey):
    key = notes.parse_vkey(vkey)
    assert key.vkey == vkey
    assert key.type == (notes.COSIGNATURE if vkey == REMORA else notes.ED25519)


@pytest.mark.parametrize("trusted", [[peter], [enoch], [peter, enoch]])
def test_a_note_opens_with_any_of_its_keys_and_names_the_trusted_ones(trusted):
    opened = notes.open_note(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}", trusted)
    assert opened.text == TEXT
    assert [signature.key for signature in opened.signatures] == trusted


def test_a_note_without_a_trusted_key_is_refused():
    with pytest.raises(notes.NoteError, match="no trusted key"):
        notes.open_note(f"{TEXT}\n{PETER_LINE}", [enoch])
    with pytest.raises(notes.NoteError, match="no trusted key"):
        notes.open_note(f"{TEXT}\n{PETER_LINE}", [])


def test_a_wrong_signature_by_a_trusted_key_is_refused_even_beside_a_right_one():
    forged = f"{TEXT}\n{PETER_LINE}{ENOCH_LINE.replace('BzmZa0', 'BzmZa1')}"
    assert notes.open_note(forged, [peter]).text == TEXT
    with pytest.raises(notes.NoteError, match=r"EnochRoot\+af0cfe78 is wrong"):
        notes.open_note(forged, [peter, enoch])


def test_a_changed_text_is_refused():
    with pytest.raises(notes.NoteError, match="wrong"):
        notes.open_note(f"{TEXT.replace('answer', 'Answer')}\n{PETER_LINE}", [peter])


def test_a_key_with_the_right_name_and_another_id_is_unknown():
    other = notes.SigningKey("PeterNeumann", bytes(32)).public()
    with pytest.raises(notes.NoteError, match="no trusted key"):
        notes.open_note(f"{TEXT}\n{PETER_LINE}", [other])


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n{PETER_LINE[:-1]}",
        f"\x01{TEXT}\n{PETER_LINE}",
        f"{TEXT}\n— Bad Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n— Bad+Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"{TEXT}\n{PETER_LINE.replace('=', '')}",
        f"{TEXT}\n— PeterNeumann x08gow==\n",
        f"{TEXT}\n{PETER_LINE}— Unknown x08gow==\n",
        f"{TEXT}\n{PETER_LINE.replace('nAM=', 'nAN=')}",
        "",
    ],
)
def test_a_malformed_note_is_refused(note):
    with pytest.raises(notes.NoteError):
        notes.open_note(note, [peter])


def test_the_text_of_a_note_may_hold_empty_lines():
    key = notes.SigningKey("log", bytes(32))
    assert notes.open_note(notes.sign("one\n\ntwo\n", [key]), [key.public()]).text == "one\n\ntwo\n"


@pytest.mark.parametrize("text", ["", "no line feed", "tab\t\n", "return\r\n"])
def test_a_text_that_no_note_can_have_is_not_signed(text):
    with pytest.raises(notes.NoteError):
        notes.sign(text, [notes.SigningKey("log", bytes(32))])


def test_no_part_of_a_key_reads_as_a_key():
    parts = {PETER[start:end] for start in range(len(PETER)) for end in range(start, len(PETER) + 1)} - {
        PETER
    }
    changed = {PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :] for at in range(len(PETER))}
    wrong_type, wrong_length = (
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    )
    for text in [*parts, *changed, wrong_type, wrong_length]:
        with pytest.raises(notes.NoteError):
            notes.parse_vkey(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "no\u00a0break", "line\nfeed", "\x01"])
def test_a_name_that_no_key_may_have_is_refused(name):
    assert not notes.is_key_name(name)
    with pytest.raises(notes.NoteError):
        notes.SigningKey(name, bytes(32)).public()


def test_two_keys_sign_during_an_overlap_and_each_opens_the_note():
    old, new = notes.SigningKey("log.example", bytes(32)), notes.SigningKey("log.example", b"\1" * 32)
    note = notes.sign(CHECKPOINT, [new, old])
    for key in (old, new):
        assert [one.key for one in notes.open_note(note, [key.public()]).signatures] == [key.public()]


def test_the_published_checkpoint_is_read_and_written():
    head = notes.parse_head(CHECKPOINT)
    assert (head.origin, head.size, head.text) == ("example.com/behind-the-sofa", 20852163, CHECKPOINT)
    assert notes.parse_head(CHECKPOINT + "extension\n") == head


def test_the_checkpoint_of_another_log_opens_with_the_keys_of_log_and_witness():
    keys = [notes.parse_vkey(ARCHE), notes.parse_vkey(REMORA)]
    opened = notes.open_note(COSIGNED, keys)
    assert [(one.key, one.at_seconds) for one in opened.signatures] == [
        (keys[0], None),
        (keys[1], COSIGNED_AT),
    ]
    assert notes.parse_head(opened.text).size == 1432088532
    for key in keys:
        with pytest.raises(notes.NoteError, match="wrong"):
            notes.open_note(COSIGNED.replace("1432088532", "1432088533"), [key])


def test_an_empty_log_has_a_checkpoint():
    head = notes.TreeHead("log.example", 0, tree.EMPTY_ROOT)
    assert notes.parse_head(head.text) == head


@pytest.mark.parametrize(
    "change",
    [
        ("20852163", "020852163"), ("20852163", "-1"), ("20852163", ""), ("20852163", "2e3"), ("20852163", "٣"),
        ("q2I=", "q2I"), ("q2I=", "q2J="), ("q2I=", ""), ("CsUY", ""), ("example.com/behind-the-sofa", ""), ("q2I=\n", "q2I="),
        ("q2I=\n", "q2I=\n\n"),
    ],
)  # fmt: skip
def test_a_malformed_checkpoint_is_refused(change):
    with pytest.raises(notes.NoteError):
        notes.parse_head(CHECKPOINT.replace(*change))


def test_a_cosignature_signs_the_message_of_the_specification():
    message = f"cosignature/v1\ntime {COSIGNED_AT}\n{CHECKPOINT}"
    assert notes.cosigned_message(CHECKPOINT, COSIGNED_AT) == message
    line = notes.cosign(CHECKPOINT, witness, COSIGNED_AT)
    (_text, [(name, key_id, signature)]) = notes.split(f"{CHECKPOINT}\n{line}")
    assert (name, key_id, len(signature)) == (witness.name, witness.public(notes.COSIGNATURE).key_id, 72)
    assert signature[8:] == witness.sign(message)


def test_a_cosigned_checkpoint_opens_and_tells_when_it_was_cosigned():
    log = notes.SigningKey("example.com/behind-the-sofa", b"\2" * 32)
    note = notes.sign(CHECKPOINT, [log]) + notes.cosign(CHECKPOINT, witness, COSIGNED_AT)
    opened = notes.open_note(note, [log.public(), witness.public(notes.COSIGNATURE)])
    assert [one.at_seconds for one in opened.signatures] == [None, COSIGNED_AT]


def test_a_cosignature_with_another_time_is_refused():
    line = notes.cosign(CHECKPOINT, witness, COSIGNED_AT)
    data = bytearray(base64.b64decode(line.split()[2]))
    data[11] += 1
    forged = f"{CHECKPOINT}\n— {witness.name} {base64.b64encode(data).decode()}\n"
    with pytest.raises(notes.NoteError, match="wrong"):
        notes.open_note(forged, [witness.public(notes.COSIGNATURE)])


def test_a_cosignature_is_no_signature_of_a_log_by_the_same_key():
    note = f"{CHECKPOINT}\n{notes.cosign(CHECKPOINT, witness, COSIGNED_AT)}"
    with pytest.raises(notes.NoteError, match="no trusted key"):
        notes.open_note(note, [witness.public()])
