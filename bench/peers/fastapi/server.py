"""The extensions of meetings on FastAPI and SQLAlchemy, as the everyday server is written: models, a session for each
request, JSON made of dicts.

    python server.py DATABASE-URL PORT TOKEN APPLICATION

Same paths, same checks and same bodies as the server that it stands beside; one process, no access log.
"""

import secrets
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL, PORT, TOKEN, APPLICATION = sys.argv[1:]
PASS_THROUGH = "4c093470-df6e-54cb-84ec-2a4f9099f84c"  # noqa: S105  # UCWA's word
REL = "onlineMeetingExtension"
KNOWN = {"rel", "id", "type", "etag", "_links", PASS_THROUGH}
USERS = {TOKEN: ("sip:lenea@contoso.com", APPLICATION.rpartition("/")[2])}


class Base(DeclarativeBase):
    """The tables."""


class Meeting(Base):
    """A meeting."""

    __tablename__ = "fastapi_meetings"
    organizer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    etag: Mapped[str]


class Extension(Base):
    """An extension."""

    __tablename__ = "fastapi_extensions"
    __table_args__ = (
        ForeignKeyConstraint(["organizer", "meeting_id"], [Meeting.organizer, Meeting.id], ondelete="CASCADE"),
    )
    organizer: Mapped[str] = mapped_column(primary_key=True)
    meeting_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    etag: Mapped[str]
    properties: Mapped[dict[str, Any]] = mapped_column(JSON)


if URL.startswith("sqlite"):
    engine = create_async_engine(URL, connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def durable(connection: Any, _record: Any) -> None:
        """WAL, and each commit on the disk."""
        cursor = connection.cursor()
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
            cursor.execute(f"pragma {pragma}")
        cursor.close()
else:
    engine = create_async_engine(URL, pool_size=32, max_overflow=0)

sessions = async_sessionmaker(engine, expire_on_commit=False)
positions = count()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Makes the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan, openapi_url=None)


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


def signed_in(application: str, authorization: Annotated[str | None, Header()] = None) -> str:
    """The user."""
    user = USERS.get(authorization or "")
    if user is None:
        raise HTTPException(401, "this resource needs a token")
    if user[1] != application:
        raise HTTPException(404, "there is no such application")
    return user[0]


User = Annotated[str, Depends(signed_in)]
Session = Annotated[AsyncSession, Depends(session)]


def show(extension: Extension, href: str) -> dict[str, Any]:
    """An extension."""
    return {
        "rel": REL,
        "id": extension.id,
        "type": extension.type,
        **extension.properties,
        PASS_THROUGH: "please pass this in a PUT request",
        "etag": extension.etag,
        "_links": {"self": {"href": href}},
    }


def new_etag() -> str:
    """A tag that was never there."""
    return str(secrets.randbits(62))


FAMILY = "/ucwa/v1/applications/{application}/onlineMeetings/myOnlineMeetings"
COLLECTION = FAMILY + "/{meeting_id}/onlineMeetingExtensions"
ONE = COLLECTION + "/{extension_id}"


@app.post(FAMILY, status_code=201)
async def add_meeting(request: Request, user: User, database: Session) -> dict[str, Any]:
    """A new meeting."""
    meeting = Meeting(organizer=user, id=secrets.token_hex(5).upper(), etag=new_etag())
    database.add(meeting)
    await database.commit()
    return {"rel": "myOnlineMeeting", "_links": {"self": {"href": f"{request.url.path}/{meeting.id}"}}}


@app.get(COLLECTION)
async def extensions(meeting_id: str, request: Request, user: User, database: Session) -> JSONResponse:
    """The extensions of a meeting."""
    if await database.get(Meeting, (user, meeting_id)) is None:
        raise HTTPException(404, "there is no such meeting")
    found = await database.scalars(
        select(Extension)
        .where(Extension.organizer == user, Extension.meeting_id == meeting_id)
        .order_by(Extension.position)
    )
    path = request.url.path
    embedded = {REL: [show(each, f"{path}/{each.id}") for each in found]}
    links = {"self": {"href": path}}
    return JSONResponse({"rel": "onlineMeetingExtensions", "_links": links, "_embedded": embedded})


@app.post(COLLECTION)
async def add_extension(
    meeting_id: str, body: dict[str, Any], request: Request, user: User, database: Session
) -> JSONResponse:
    """A new extension."""
    extension = Extension(
        organizer=user,
        meeting_id=meeting_id,
        id=body.get("id") or str(uuid.uuid4()),
        position=next(positions),
        type=body.get("type", "Undefined"),
        etag=new_etag(),
        properties={name: value for name, value in body.items() if name not in KNOWN},
    )
    if await database.get(Meeting, (user, meeting_id)) is None:
        raise HTTPException(404, "there is no such meeting")
    database.add(extension)
    try:
        await database.commit()
    except IntegrityError:
        raise HTTPException(409, "there is one with this id") from None
    href = f"{request.url.path}/{extension.id}"
    return JSONResponse(show(extension, href), 201, {"Location": href, "ETag": f'"{extension.etag}"'})


@app.get(ONE)
async def extension(
    meeting_id: str,
    extension_id: str,
    request: Request,
    user: User,
    database: Session,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """One extension."""
    found = await database.get(Extension, (user, meeting_id, extension_id))
    if found is None:
        raise HTTPException(404, "there is no such extension")
    tag = {"ETag": f'"{found.etag}"'}
    if if_none_match == tag["ETag"]:
        return Response(status_code=304, headers=tag)
    return JSONResponse(show(found, request.url.path), headers=tag)


@app.put(ONE)
async def replace_extension(
    meeting_id: str,
    extension_id: str,
    body: dict[str, Any],
    request: Request,
    user: User,
    database: Session,
    if_match: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Replaces an extension."""
    if if_match is None:
        raise HTTPException(428, "a PUT has to bear If-Match")
    if PASS_THROUGH not in body:
        raise HTTPException(400, "a PUT has to pass on the property")
    found = await database.get(Extension, (user, meeting_id, extension_id))
    if found is None:
        raise HTTPException(404, "there is no such extension")
    values = {
        "type": body.get("type", "Undefined"),
        "etag": new_etag(),
        "properties": {name: value for name, value in body.items() if name not in KNOWN},
    }
    changed = await database.execute(
        update(Extension)
        .where(
            Extension.organizer == user,
            Extension.meeting_id == meeting_id,
            Extension.id == extension_id,
            Extension.etag == if_match.strip('"'),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 0:
        raise HTTPException(412, "it has changed")
    await database.commit()
    for name, value in values.items():
        setattr(found, name, value)
    return JSONResponse(show(found, request.url.path), headers={"ETag": f'"{found.etag}"'})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(PORT),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
        backlog=2048,
    )
