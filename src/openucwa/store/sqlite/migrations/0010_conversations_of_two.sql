-- Conversations of two: participations without a meeting, so that the reference to it goes. form: meeting, connecting
-- (only the inviter is there) or two-party. ended: when the other one left, ms; the row remains until its last events
-- are forgotten.
create table participations_of_two (
    organizer text not null,
    meeting_id text not null,
    id text not null,
    position integer not null,
    owner text not null,
    application_id text not null,
    uri text not null,
    name text not null,
    anonymous integer not null,
    role text not null,
    in_lobby integer not null,
    messaging text not null,
    joined integer not null,
    since integer not null,
    invitation text not null,
    thread_id text not null,
    subject text not null,
    importance text not null,
    typing integer not null default 0,
    hears text not null default '[]',
    form text not null default 'meeting',
    ended integer,
    primary key (organizer, meeting_id, id),
    foreign key (owner, application_id) references applications (owner, id)
) strict, without rowid;
insert into participations_of_two
select organizer, meeting_id, id, position, owner, application_id, uri, name, anonymous, role, in_lobby, messaging,
    joined, since, invitation, thread_id, subject, importance, typing, hears, 'meeting', null
from participations;
drop table participations;
alter table participations_of_two rename to participations;
create unique index participations_of_application on participations (owner, application_id, organizer, meeting_id);
create index participations_of_uri on participations (organizer, meeting_id, uri);
create index participations_waiting on participations (joined) where in_lobby = 1;
create index participations_ended on participations (ended) where ended is not null;

-- The sides of an invitation to a conversation of two are found by the conversation. created: ms; 0: not known.
alter table invitations add column to_name text not null default '';
alter table invitations add column message_type text;
alter table invitations add column message_text text;
alter table invitations add column created integer not null default 0;
create index invitations_under_way on invitations (organizer, meeting_id) where state = 'Connecting';
