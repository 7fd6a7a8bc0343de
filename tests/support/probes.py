"""Addresses for programs: what they answer is no page."""

PROBES = {
    "api_openapi",
    "passkey_options",
    "livez",
    "readyz",
    "security_txt",
    "checkpoint_detail",
    "tile_detail",
    "partial_tile_detail",
}
