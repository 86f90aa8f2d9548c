"""The page of ``imu-reps record``: beside the terminal, and after the last set until Ctrl-C."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from imu_reps.cli.console import say
from imu_reps.cli.page_options import PageWish
from imu_reps.cli.record.after import Felt, keep_felt
from imu_reps.domain.settings import Settings
from imu_reps.session.recorder import Finished
from imu_reps.session.session import Session
from imu_reps.session.session_events import Told
from imu_reps.session.session_plan import SessionPlan
from imu_reps.storage.profile import Person

if TYPE_CHECKING:
    from imu_reps.web.session_view import SessionView

Tell = Callable[[Told], None]

#: So often the page is listened to after the last set.
LOOK_S = 0.1


class RecordPage:
    """A session's page, or none: `view` None."""

    def __init__(self, view: SessionView | None) -> None:
        self._view = view

    def telling(self, tell: Tell) -> Tell:
        """What tells the page too."""
        view = self._view
        if view is None:
            return tell

        def both(told: Told) -> None:
            view(told)
            tell(told)

        return both

    async def steer(self, session: Session) -> None:
        """Do what the page asks for, until cancelled."""
        if self._view is not None:
            await self._view.steer(session)

    def lingering(self, done: list[Finished]) -> list[Finished]:
        """Serve the reports until Ctrl-C; gives the sets, what was said of them in their files."""
        view = self._view
        if view is None or not done:
            return done
        say("The report is on the page. Ctrl-C ends.")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(LOOK_S)
                view.obey()
        for finished in done:
            if finished.path in view.felt:
                keep_felt(finished, Felt(**view.felt[finished.path]))
        return done


@contextlib.contextmanager
def paged(
    wish: PageWish | None, plan: SessionPlan, settings: Settings, person: Person
) -> Iterator[RecordPage]:
    """Serve a page, where one is wished for."""
    if wish is None:
        yield RecordPage(None)
        return
    from imu_reps.cli.page_options import say_links
    from imu_reps.web.server import PageServer
    from imu_reps.web.session_view import SessionView

    view = SessionView(plan.goals[0], settings, lambda goal: person.floor_deg(goal.exercise, goal.side))
    with PageServer(view.hub, view.ask, port=wish.port, share=wish.share) as server:
        view.reports = server.reports
        say_links(server.access, share=wish.share)
        yield RecordPage(view)
