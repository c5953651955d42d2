"""Who may use the dashboard and the API, and whose participants they see."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from registry.codes import fault_of_email, fault_of_text, random_id, require_code
from registry.errors import RegistryError
from registry.schema import account, credential, session

Role = Literal["staff", "partner", "read-only"]
ROLES: tuple[Role, ...] = get_args(Role)

_table = account.c


class UnknownAccountError(RegistryError):
    """There is no account with this id."""


class Account(Struct, frozen=True, kw_only=True):
    """Somebody, or another system, that may sign in."""

    id: str
    """Random, fit to stand on the log as who did something."""
    label: str
    """How people recognise it."""
    role: Role
    partner: str | None = None
    """The delivery partner whose participants it sees, and no others. None: it sees all."""
    email: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def may_act(self) -> bool:
        """Whether it may do anything but look."""
        return self.role != "read-only"


def create(
    connection: Connection,
    *,
    label: str,
    role: Role,
    partner: str | None = None,
    email: str | None = None,
    now: datetime,
) -> Account:
    """Make an account; it gets in with a key or a sign-in link, see `credentials.issue`.

    Raises:
        RegistryError: Something does not go together: a partner's account names its partner, one of staff names none.
    """
    _require_fit(label, role, partner, email)
    made = Account(
        id=random_id("account"),
        label=label,
        role=role,
        partner=partner,
        email=email,
        created_at=now,
    )
    connection.execute(insert(account).values({name: getattr(made, name) for name in Account.__struct_fields__}))
    return made


def find(connection: Connection, account_id: str) -> Account:
    """The account with this id, revoked or not.

    Raises:
        UnknownAccountError: There is none.
    """
    row = connection.execute(select(account).where(_table.id == account_id)).mappings().first()
    if row is None:
        raise UnknownAccountError(f"there is no account {account_id}; see `engagement access list` for those there are")
    return Account(**row)


def every(connection: Connection) -> list[Account]:
    """All accounts, revoked ones too, in the order in which they were made."""
    rows = connection.execute(select(account).order_by(_table.created_at, _table.id)).mappings()
    return [Account(**row) for row in rows]


def with_email(connection: Connection, email: str) -> list[Account]:
    """The accounts with this email address, in small or capital letters, that are not revoked."""
    query = select(account).where(func.lower(_table.email) == email.lower(), _table.revoked_at.is_(None))
    return [Account(**row) for row in connection.execute(query.order_by(_table.created_at, _table.id)).mappings()]


def revoke(connection: Connection, account_id: str, now: datetime) -> Account:
    """Close an account for good, with its keys, links and sessions: the next request is refused.

    Raises:
        UnknownAccountError: There is none with this id.
    """
    find(connection, account_id)
    connection.execute(
        update(account).where(_table.id == account_id, _table.revoked_at.is_(None)).values(revoked_at=now)
    )
    theirs = credential.c.account == account_id
    connection.execute(update(credential).where(theirs, credential.c.revoked_at.is_(None)).values(revoked_at=now))
    connection.execute(delete(session).where(session.c.account == account_id))
    return find(connection, account_id)


def _require_fit(label: str, role: str, partner: str | None, email: str | None) -> None:
    if role not in ROLES:
        raise RegistryError(f"{role} is no role; use one of {', '.join(ROLES)}")
    if role == "partner" and partner is None:
        raise RegistryError("an account of a delivery partner must name the partner")
    if role == "staff" and partner is not None:
        raise RegistryError("an account of staff sees all partners and names none; use the role partner or read-only")
    if partner is not None:
        require_code(partner, "partner")
    if fault := fault_of_text(label):
        raise RegistryError(f"the label of an account cannot be used: {fault}")
    if email is not None and (fault := fault_of_email(email)):
        raise RegistryError(f"the email address of an account cannot be used: {fault}")
