-- Conversations of two: participations without a meeting, so that the reference to it goes. form: meeting, connecting
-- (only the inviter is there) or two-party. ended: when the other one left, ms; the row remains until its last events
-- are forgotten.
alter table participations drop constraint participations_organizer_meeting_id_fkey;
alter table participations add column form text not null default 'meeting';
alter table participations add column ended bigint;
create index participations_ended on participations (ended) where ended is not null;

-- The sides of an invitation to a conversation of two are found by the conversation. created: ms; 0: not known.
alter table invitations add column to_name text not null default '';
alter table invitations add column message_type text;
alter table invitations add column message_text text;
alter table invitations add column created bigint not null default 0;
create index invitations_under_way on invitations (organizer, meeting_id) where state = 'Connecting';
