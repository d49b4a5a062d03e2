-- Live meetings. position: the order of coming in. since: the number of the last event of the meeting's topic that is
-- not this conversation's business.
create table participations (
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
    primary key (organizer, meeting_id, id),
    foreign key (organizer, meeting_id) references meetings (organizer, id),
    foreign key (owner, application_id) references applications (owner, id)
) strict, without rowid;

create unique index participations_of_application on participations (owner, application_id, organizer, meeting_id);
create index participations_of_uri on participations (organizer, meeting_id, uri);

-- Operations that bring somebody, or a modality, into a conversation. Both sides of one have the same thread_id.
create table invitations (
    owner text not null,
    application_id text not null,
    id text not null,
    kind text not null,
    outgoing integer not null,
    state text not null,
    organizer text not null,
    meeting_id text not null,
    conversation text,
    operation_id text,
    thread_id text not null,
    subject text not null,
    importance text not null,
    from_uri text not null,
    from_name text not null,
    to_uri text not null,
    expires integer,
    reason text,
    anonymous_display_name text,
    primary key (owner, application_id, id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
) strict, without rowid;

create index invitations_of_thread on invitations (thread_id);
create index invitations_expiring on invitations (expires) where expires is not null and state = 'Connecting';
