"""The newest checkpoint and the tiles of the audit log's tree, as c2sp.org/tlog-tiles serves them. They hold hashes alone.

Everybody may read them where SNAPPORTAL_LOG_PUBLIC is on; elsewhere they do not exist. The entries are never served.
"""

import re
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from snapshots.audit import checkpoints, tiles
from snapshots.audit.tree_models import Checkpoint
from snapshots.views.access import public

CHECKPOINT_SECONDS: Final = 5
TILE_SECONDS: Final = 31_536_000
INDEX_PATTERN: Final = re.compile(r"(?:x[0-9]{3}/){0,5}[0-9]{3}")
LEVEL_PATTERN: Final = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]")
WIDTH_PATTERN: Final = re.compile(r"[1-9][0-9]{0,2}")


class SharedResponse(HttpResponse):
    """A response that caches of any kind may keep: it is the same for everybody. See HeadersMiddleware."""

    may_be_cached = True


def _newest_checkpoint() -> Checkpoint:
    """Raises Http404 when the tree is not public or no checkpoint was signed yet."""
    found = checkpoints.newest() if settings.SNAPPORTAL_LOG_PUBLIC else None
    if found is None:
        raise Http404
    return found


def format_index(index: int) -> str:
    """The index of a tile as in its path: 1234067 is `x001/x234/067`."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def parse_index(text: str) -> int:
    """The index in the path of a tile. Raises Http404 for any other spelling than that of `format_index`."""
    if not INDEX_PATTERN.fullmatch(text):
        raise Http404
    index = int(text.replace("x", "").replace("/", ""))
    if format_index(index) != text:
        raise Http404
    return index


@public("GET", "HEAD")
def checkpoint_detail(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint, a signed note."""
    response = SharedResponse(_newest_checkpoint().note, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={CHECKPOINT_SECONDS}"
    return response


@public("GET", "HEAD")
def tile_detail(request: HttpRequest, level: str, index: str, width: str = "") -> HttpResponse:
    """The hashes of a tile, or the first `width` of them, as far as the newest checkpoint signed them."""
    checkpoint = _newest_checkpoint()
    if not LEVEL_PATTERN.fullmatch(level) or (width and not WIDTH_PATTERN.fullmatch(width)):
        raise Http404
    wanted = int(width or tiles.WIDTH)
    if width and wanted >= tiles.WIDTH:
        raise Http404
    try:
        hashes = tiles.reader(checkpoint.size).read_tile(int(level), parse_index(index))
    except tiles.TileError:
        raise Http404 from None
    if len(hashes) < wanted:
        raise Http404
    response = SharedResponse(b"".join(hashes[:wanted]), content_type="application/octet-stream")
    response["Cache-Control"] = f"public, max-age={TILE_SECONDS}, immutable"
    return response
