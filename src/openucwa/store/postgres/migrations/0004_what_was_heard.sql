-- Whether a conversation hears a message is settled when the message is sent. hears: the spans of the meeting's events
-- in which its messaging was connected, oldest first, as JSON: [number before the first event, number of the last event,
-- or null while it is connected]. Servers before this write none; their rows are read as connected, or not, as a whole.
alter table participations add column hears text not null default '[]';
update participations set hears = '[[' || since || ',null]]' where messaging = 'Connected';
create index participations_waiting on participations (joined) where in_lobby = 1;

-- by_leader: whether a leader of the meeting asks. Who is asked by a leader counts as invited.
alter table invitations add column by_leader smallint not null default 0;
