"""The stored parts of the Merkle tree: full tiles and checkpoints. Database triggers refuse changes and deletions."""

from django.db import models


class Tile(models.Model):
    """A full tile of c2sp.org/tlog-tiles: the hashes of 256 subtrees of 256^level leaves each.

    `hashes` holds 256 times 32 bytes. `root` is the hash over all of them, 32 bytes: one hash of the tile above.
    """

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    hashes = models.BinaryField(max_length=8192)

    class Meta:
        db_table = "audit_tile"

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed checkpoint, as it was given out. `size`, and `root` as 64 hex digits, repeat what the note says."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField()

    class Meta:
        db_table = "audit_checkpoint"
        ordering = ["-number"]
        indexes = [models.Index(fields=["size", "number"], name="audit_checkpoint_size")]

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.size} rows"
