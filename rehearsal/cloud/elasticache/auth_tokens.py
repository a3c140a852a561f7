"""The AUTH tokens a group accepts, over servers that know one password each.

Redis below 6 has a single password; ElastiCache accepts two tokens between ROTATE and SET (user guide, "Authenticating with the AUTH
command"). So the servers have a password of their own that no client ever sees, and the endpoints put it in place of an accepted token.
"""

from __future__ import annotations

import re
import secrets

_AUTH = re.compile(rb"\*2\r\n\$4\r\nauth\r\n\$\d+\r\n([^\r\n]*)\r\n", re.IGNORECASE)


class AuthTokens:
    """Accepted tokens, newest first, two at most."""

    def __init__(self, token: str) -> None:
        self.server_password = secrets.token_hex(16)
        self._accepted = [token]

    def rotate(self, token: str) -> None:
        """Accept a new token beside the newest of the old."""
        self._accepted = [token, self._accepted[0]]

    def set(self, token: str) -> None:
        """Accept this one only."""
        self._accepted = [token]

    def translate(self, request: bytes) -> bytes:
        """A client's first bytes, with the servers' password in place of an accepted token."""
        found = _AUTH.match(request)
        if found is None or found[1].decode(errors="replace") not in self._accepted:
            return request
        password = self.server_password.encode()
        return b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%b\r\n" % (len(password), password) + request[found.end() :]
