"""A platform as the crash run needs it: it knows what is dead, and lets saboteurs serve."""

from deploy.local.platform import Platform
from deploy.local.processes import Program


class TriedPlatform(Platform):
    """A platform of which a service can be served by another program, such as a saboteur."""

    @property
    def dead(self) -> set[str]:
        """Services and servers that do not run, whoever ended them."""
        return {name for name in self.services if name not in self.pids} | self._killed

    def honest(self, service: str) -> Program:
        """How a service is served by everybody else."""
        return self._service(service)

    async def put_in_place(self, program: Program) -> None:
        """Serve a service by this program from now on, also when it is restarted.

        The one before is asked to end: it leaves its group at once, which a killed one does not.
        """
        await self._household.stop([program.name])
        await self._household.start(program)
