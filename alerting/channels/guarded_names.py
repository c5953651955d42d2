"""Names of endpoints for connections: whatever they lead to at that moment is looked at before it is connected to."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from alerting.addresses import AddressRefusedAtConnectError, Networks, may_reach, why_not


class GuardedResolver(AbstractResolver):
    """Resolves names for connections, and refuses a name if any of its addresses must not be reached."""

    def __init__(self, resolver: AbstractResolver, scheme: str, allowed: Networks = ()) -> None:
        """Ask this resolver, for connections of this scheme."""
        self._resolver, self._scheme, self._allowed = resolver, scheme, allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses, which are the ones that are then connected to.

        Raises:
            AddressRefusedAtConnectError: One of them must not be reached.
        """
        found = await self._resolver.resolve(host, port, family)
        if not all(may_reach(each["host"], self._scheme, self._allowed) for each in found):
            raise AddressRefusedAtConnectError(why_not(host, self._scheme))
        return found

    async def close(self) -> None:
        """Let go of the resolver."""
        await self._resolver.close()
