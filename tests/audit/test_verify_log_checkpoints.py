"""verify_log.py takes a checkpoint only as it was signed, by a given key, for the log that the key names."""

import base64

import pytest

from tests.support.log_files import ORIGIN, SIGNER, Signer, checkpoint, file_lines, leaf_hash, row_line
from tests.support.log_verifier import verify

LOG = [row_line(sequence, reason=f"visit {sequence}") for sequence in range(1, 8)]
LEAVES = [leaf_hash(line) for line in LOG]
OTHER_KEY = Signer(seed=b"o" * 32)
OTHER_LOG = Signer("other.example.com/log")


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n7\n", "\n07\n"),
        lambda note: note.replace("\n7\n", "\n-7\n"),
        lambda note: note.replace("\n7\n", "\n7 \n"),
        lambda note: note.replace("\n7\n", "\n٧\n"),
        lambda note: note.replace("\n7\n", "\n6\n"),
        lambda note: note.replace("\n\n", "\nextension\n\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note.rstrip("\n"),
        lambda note: note + "x",
        lambda note: note + "\n",
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace(f"— {ORIGIN}", f"— {OTHER_LOG.name}"),
    ],
)
def test_a_changed_checkpoint_is_refused(tmp_path, change):
    note = change(checkpoint(LEAVES))
    assert note != checkpoint(LEAVES)
    assert verify(tmp_path, file_lines(LOG, checkpoint=note))[0] == 1


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
