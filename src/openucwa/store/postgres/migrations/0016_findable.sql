-- What queries find meetings by: a row for each value of a meeting (extension_id is empty) and of its extensions, written
-- when a query needs it. value: as store/findable.py makes it.
create table findable (
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    extension_id text collate "C" not null,
    name text collate "C" not null,
    value text collate "C" not null,
    primary key (organizer, meeting_id, extension_id, name, value),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
);

create index findable_by_value on findable (organizer, name, value, meeting_id, extension_id);

-- How far `findable` is for an organizer. identity: of the change log, and of the rules. number: of the last change that it
-- has. walked: where the first walk through everything has come to, as JSON; empty: it is complete.
create table findable_state (
    organizer text collate "C" not null primary key,
    identity text collate "C" not null,
    number bigint not null,
    walked text collate "C" not null
);
