"""verify_log.py takes a checkpoint only as it was signed, by a given key, for the log that the key names."""

import base64

import pytest

from tests.support.log_files import ORIGIN, SIGNER, Signer, checkpoint, file_lines, leaf_hash, row_line
from tests.support.log_verifier import verify

LOG = [row_line(sequence, reason=f"visit {sequence}") for sequence in range(1, 8)]
LEAVES = [leaf_hash(line) for line in LOG]
OTHER_KEY = Signer(seed=b"o" * 32)
OTHER_LOG = Signer("other.example.com/log")


UNREADABLE = "it cannot be read, is cut off, or is of another format"


@pytest.mark.parametrize(
    "change",
    [
        lambda note: "",
        lambda note: "\ufeff" + note,
        lambda note: note.encode("utf-16").decode("latin-1"),
        lambda note: note[:-1],
        lambda note: note[:-6] + "\n",
        lambda note: note + "one more line\n",
        lambda note: '{"size": 7, "note": ""}\n',
        lambda note: note.replace("\n7\n", "\n07\n"),
        lambda note: note.replace("\n7\n", "\n-7\n"),
        lambda note: note.replace("\n7\n", "\n7 \n"),
        lambda note: note.replace("\n7\n", "\n٧\n"),
        lambda note: note.replace("\n\n", "\nextension\n\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note.rstrip("\n"),
        lambda note: note + "x",
        lambda note: note + "\n",
        lambda note: note.replace("\n", "\r\n"),
    ],
)
def test_what_is_no_checkpoint_cannot_be_checked(tmp_path, change):
    note = change(checkpoint(LEAVES))
    assert note != checkpoint(LEAVES)
    code, output = verify(tmp_path, file_lines(LOG, checkpoint=note))
    assert (code, UNREADABLE in output) == (2, True)
    for content in (None, file_lines(LOG)):
        code, output = verify(tmp_path, content, checkpoints=[note])
        assert (code, output) == (2, f"Could not be checked: {tmp_path}/checkpoint-0: {UNREADABLE}\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n7\n", "\n6\n"),
        lambda note: note.replace(f"— {ORIGIN}", f"— {OTHER_LOG.name}"),
    ],
)
def test_a_changed_checkpoint_is_refused(tmp_path, change):
    note = change(checkpoint(LEAVES))
    assert verify(tmp_path, file_lines(LOG, checkpoint=note))[0] == 1
    assert verify(tmp_path, None, checkpoints=[note])[0] == 1


def test_checkpoints_of_two_logs_are_not_taken_for_two_views_of_one(tmp_path):
    """After an accepted restore the log goes on under another origin, and the auditor gives both keys."""
    new = Signer(f"{ORIGIN}/2")
    keys = [SIGNER.vkey, new.vkey]
    ours, other = checkpoint(LEAVES), checkpoint([*LEAVES[:-1], LEAVES[0]], [new], new.name)
    said = f"Not compared: the checkpoint of 7 rows is of another log, '{new.name}'."
    for notes in ([ours, other], [other, ours]):
        code, output = verify(tmp_path, None, keys=keys, checkpoints=notes)
        assert (code, "Not compared" in output, "INVALID" in output, "Not proven" in output) == (
            2,
            True,
            False,
            False,
        )
    code, output = verify(tmp_path, file_lines(LOG), keys=keys, checkpoints=[other])
    assert (code, said in output, "INVALID" in output) == (2, True, False)
    code, output = verify(tmp_path, file_lines(LOG), keys=keys, checkpoints=[other, checkpoint(LEAVES[:3])])
    assert (code, said in output, "The log continues the checkpoint of 3 rows" in output) == (2, True, True)


def test_a_wrong_signature_of_a_given_key_is_not_made_good_by_another_signature(tmp_path):
    good = checkpoint(LEAVES, [SIGNER, OTHER_KEY])
    text, _, rest = good.rpartition("\n\n")
    wrong = SIGNER.id + OTHER_KEY.key.sign(f"{text}\n".encode())
    line = f"— {ORIGIN} {base64.b64encode(wrong).decode()}"
    note = "\n".join([text, "", line, *rest.split("\n")[1:]])
    for keys in ([SIGNER.vkey, OTHER_KEY.vkey], [SIGNER.vkey]):
        assert verify(tmp_path, file_lines(LOG, checkpoint=good), keys=keys)[0] == 0
        code, output = verify(tmp_path, file_lines(LOG, checkpoint=note), keys=keys)
        assert (code, "a signature of the checkpoint is wrong" in output) == (1, True)
