-- Users whom an administrator has locked out: 1, else 0.
alter table users add column disabled integer not null default 0;

-- Meetings that were handed over to another organizer: where links that name the former one lead.
create table handed_over (
    organizer text not null,
    meeting_id text not null,
    successor text not null,
    primary key (organizer, meeting_id)
) strict, without rowid;

create index handed_over_to on handed_over (successor, meeting_id);
