-- Live meetings. position: the order of coming in. since: the number of the last event of the meeting's topic that is
-- not this conversation's business.
create table participations (
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    id text collate "C" not null,
    position bigint not null,
    owner text collate "C" not null,
    application_id text collate "C" not null,
    uri text collate "C" not null,
    name text collate "C" not null,
    anonymous smallint not null,
    role text collate "C" not null,
    in_lobby smallint not null,
    messaging text collate "C" not null,
    joined bigint not null,
    since bigint not null,
    invitation text not null,
    thread_id text not null,
    subject text not null,
    importance text not null,
    typing smallint not null default 0,
    primary key (organizer, meeting_id, id),
    foreign key (organizer, meeting_id) references meetings (organizer, id),
    foreign key (owner, application_id) references applications (owner, id)
);

create unique index participations_of_application on participations (owner, application_id, organizer, meeting_id);
create index participations_of_uri on participations (organizer, meeting_id, uri);

-- Operations that bring somebody, or a modality, into a conversation. Both sides of one have the same thread_id.
create table invitations (
    owner text collate "C" not null,
    application_id text collate "C" not null,
    id text collate "C" not null,
    kind text not null,
    outgoing smallint not null,
    state text collate "C" not null,
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    conversation text collate "C",
    operation_id text,
    thread_id text collate "C" not null,
    subject text not null,
    importance text not null,
    from_uri text not null,
    from_name text not null,
    to_uri text not null,
    expires bigint,
    reason text,
    anonymous_display_name text,
    primary key (owner, application_id, id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
);

create index invitations_of_thread on invitations (thread_id);
create index invitations_expiring on invitations (expires) where expires is not null and state = 'Connecting';
