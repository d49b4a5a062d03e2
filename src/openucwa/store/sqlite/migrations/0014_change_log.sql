-- The change log: a row for each change of a meeting or an extension, written in its transaction. contents: afterwards, or
-- what was removed; null: forgotten. change_set: the number of the first change of the same request; null: it is the first.
create table changes (
    number integer primary key autoincrement,
    transaction_id integer not null default 0,
    organizer text not null,
    meeting_id text not null,
    extension_id text not null,
    kind text not null,
    at integer not null,
    actor text not null,
    application text not null,
    user_agent text not null,
    change_set integer,
    etag_before text not null,
    etag text not null,
    type_before text not null,
    type text not null,
    contents blob
) strict;

-- In the order of the changes, because each page of an index that a change touches costs more than all else about it: a
-- change is added behind its organizer's last one. An extension's are found among those of its organizer.
create index changes_of_organizer on changes (organizer, number, meeting_id, extension_id);

-- The changes before which nothing is committed any more: with one writer at a time, all. That transaction_id is always 0
-- is said for the planner, which need not sort by it then.
create view shown_changes as
select number, transaction_id, organizer, meeting_id, extension_id, kind, at, actor, application, user_agent,
    coalesce(change_set, number) as change_set, etag_before, etag, type_before, type, contents
from changes where transaction_id = 0;

-- The log as a whole. identity: that of its positions; empty: it is switched off. swept: where the sweep of old rows has
-- come to; trimmed: where that of surplus versions has.
create table change_log (
    identity text not null,
    swept_transaction integer not null default 0,
    swept integer not null default 0,
    trimmed_transaction integer not null default 0,
    trimmed integer not null default 0
) strict;

insert into change_log (identity) values ('');

-- The last position that was forgotten of an organizer, because the log was full.
create table forgotten_changes (
    organizer text not null primary key,
    transaction_id integer not null,
    number integer not null
) strict, without rowid;

-- The users in the attendees and leaders of meetings. since, until: the numbers of the changes that invited them and that
-- ended it.
create table invitees (
    organizer text not null,
    meeting_id text not null,
    uri text not null,
    since integer not null,
    until integer,
    primary key (organizer, meeting_id, uri, since)
) strict, without rowid;

create index invitees_by_uri on invitees (uri);

insert into invitees (organizer, meeting_id, uri, since)
select distinct organizer, id, lower(value), 0
from (
    select organizer, meetings.id, value from meetings, json_each(meetings.attendees)
    union
    select organizer, meetings.id, value from meetings, json_each(meetings.leaders)
) as named
where lower(value) <> organizer;
