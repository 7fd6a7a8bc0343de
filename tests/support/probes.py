"""Addresses for programs: what they answer is no page."""

PROBES = {
    "api_openapi",
    "livez",
    "readyz",
    "security_txt",
    "checkpoint_detail",
    "tile_detail",
    "partial_tile_detail",
}
