-- What queries find meetings by: a row for each value of a meeting (extension_id is empty) and of its extensions, written
-- when a query needs it. value: as store/findable.py makes it.
create table findable (
    organizer text not null,
    meeting_id text not null,
    extension_id text not null,
    name text not null,
    value text not null,
    primary key (organizer, meeting_id, extension_id, name, value),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
) strict, without rowid;

create index findable_by_value on findable (organizer, name, value);

-- How far `findable` is for an organizer. identity: of the change log, and of the rules. number: of the last change that it
-- has. walked: where the first walk through everything has come to, as JSON; empty: it is complete.
create table findable_state (
    organizer text not null primary key,
    identity text not null,
    number integer not null,
    walked text not null
) strict, without rowid;
