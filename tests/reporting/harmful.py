"""Names that would do harm where they are not taken as texts."""

HARMFUL = (
    "<script>alert(1)</script>",
    r"$x_1$ & \input{x}",
    "]]> \"quoted' <b>",
    "=1+1 🚑",
)
OUTCOME = "</title></style></script><img src=x onerror=alert(2)>"
