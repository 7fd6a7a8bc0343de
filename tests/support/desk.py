"""`Desk`: a test user with a stored token, and shortcuts to create, restore and delete."""

from dataclasses import dataclass

from snapportal.accounts.models import User
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.jobs.service import going_to_restore
from snapshots.operations import service
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import ServerView, server_views
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken


@dataclass
class Desk:
    """A user with a stored token. Every method calls the portal's own code."""

    user: User
    token: StoredToken

    @property
    def actor(self) -> Actor:
        return Actor(
            id=self.user.pk,
            name=str(self.user),
            role=self.user.role,
            address="127.0.0.1",
            request_id="test",
            may_override=self.user.has_perm("snapshots.restore"),
        )

    def views(self, *, fresh: bool = True) -> list[ServerView]:
        """All servers after a reading, which also reconciles open operations."""
        return server_views(self.token, read_and_reconcile(self.token, fresh=fresh))

    def server(self, name: str = "") -> ServerView:
        """The server with that name, or the first with a completed snapshot, room for another, and no operation running."""
        for view in self.views():
            is_usable = (
                not view.is_full and any(one.is_completed for one in view.snapshots) and not view.is_moving
            )
            if view.name == name or (not name and is_usable):
                return view
        raise LookupError(name)

    def snapshot(self, view: ServerView) -> Snapshot:
        return next(one for one in view.snapshots if one.is_completed)

    def confirm(self, action: Action, view: ServerView, snapshot: Snapshot | None = None) -> str:
        """The signed confirmation that a form contains which is shown now."""
        return sign_confirmation(
            actor_id=self.user.pk,
            action=action,
            token_id=self.token.pk,
            server_id=view.server_id,
            snapshot=snapshot,
            shown_jobs=sorted(going_to_restore(view.server_id)),
        )

    def create(
        self, view: ServerView, name: str = "before-change", confirmation: str = "", **more
    ) -> Operation:
        return service.create_snapshot(
            actor=self.actor,
            token=self.token,
            confirmation=confirmation or self.confirm(Action.CREATE, view),
            name=name,
            **more,
        )

    def restore(self, view: ServerView, snapshot: Snapshot, confirmation: str = "", **more) -> Operation:
        return service.restore_snapshot(
            actor=self.actor,
            token=self.token,
            confirmation=confirmation or self.confirm(Action.RESTORE, view, snapshot),
            **{"typed_name": view.name, "reason": "the upgrade went wrong", **more},
        )

    def delete(self, view: ServerView, snapshot: Snapshot, confirmation: str = "", **more) -> Operation:
        return service.delete_snapshot(
            actor=self.actor,
            token=self.token,
            confirmation=confirmation or self.confirm(Action.DELETE, view, snapshot),
            **more,
        )

    def operate(self, action: Action, view: ServerView, **more) -> Operation:
        """Any of the three operations; restore and delete use the first completed snapshot."""
        if action == Action.CREATE:
            return self.create(view, **more)
        act = self.restore if action == Action.RESTORE else self.delete
        return act(view, self.snapshot(view), **more)


def make_desk(user: User, token: str, label: str = "Team token") -> Desk:
    return Desk(user, tokens.store(user_id=user.pk, label=label, token=token, stored_by_name=str(user)))
