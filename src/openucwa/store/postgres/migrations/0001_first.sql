-- The store's own version, and the oldest server (by the newest migration that it knows) that may use the store.
-- A migration that servers before it can't work with raises `oldest`; `version` is counted by the server.
-- The numbers of the migrations mean the same as with SQLite.
create table store_version (
    version bigint not null,
    oldest bigint not null
);
insert into store_version (version, oldest) values (0, 1);

-- Texts are compared and sorted by their code points, whatever language the database is in: collate "C".

-- uri: in lower case.
create table users (
    uri text collate "C" primary key,
    name text not null,
    email text,
    pool text,
    password_hash text not null,
    generation bigint not null
);

create table signing_keys (
    id text collate "C" primary key,
    secret bytea not null,
    created bigint not null
);

-- owner: a user's URI or anon:ID. communication: the record as JSON, replaced whole; instances: a JSON array.
create table applications (
    owner text collate "C" not null,
    id text collate "C" not null,
    endpoint_id text collate "C" not null,
    culture text not null,
    user_agent text not null,
    type text,
    created bigint not null,
    communication text not null,
    available smallint not null,
    meeting text,
    name text,
    etag text not null,
    instances text not null,
    last_request bigint not null,
    last_poll bigint,
    primary key (owner, id),
    unique (owner, endpoint_id)
);

create index applications_heard_of on applications (coalesce(last_poll, last_request));

-- Applications that were ended because their owner opened too many others.
create table replaced_applications (
    owner text collate "C" not null,
    id text collate "C" not null,
    at bigint not null,
    primary key (owner, id)
);

-- instance: '' is the only channel of an application without instances. acknowledged, delivered: JSON, topic -> number.
create table channels (
    owner text collate "C" not null,
    application_id text collate "C" not null,
    instance text collate "C" not null,
    served bigint not null,
    acknowledged text not null,
    delivered text not null,
    low bigint,
    medium bigint,
    timeout bigint,
    primary key (owner, application_id, instance),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
);

-- position: the order of making among one organizer's meetings. attendees, leaders: JSON arrays.
create table meetings (
    organizer text collate "C" not null,
    id text collate "C" not null,
    position bigint not null,
    rel text collate "C" not null,
    etag text collate "C" not null,
    conference_id text not null,
    conversation_id text not null,
    created bigint not null,
    access_level text not null,
    attendees text not null,
    automatic_leader_assignment text not null,
    description text not null,
    entry_exit_announcement text not null,
    expiration_time bigint,
    leaders text not null,
    lobby_bypass_for_phone_users text not null,
    phone_user_admission text not null,
    subject text not null,
    primary key (organizer, id)
);

create unique index meetings_assigned on meetings (organizer) where rel = 'myAssignedOnlineMeeting';
create index meetings_expiration on meetings (expiration_time) where expiration_time is not null;

-- A table of their own, because they are unique on the server and not only for an organizer.
create table conference_ids (
    id text collate "C" primary key,
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    unique (organizer, meeting_id),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
);

-- position: the order of making within the meeting; a replacement keeps it.
create table extensions (
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    id text collate "C" not null,
    position bigint not null,
    type text not null,
    etag text collate "C" not null,
    properties bytea not null,
    primary key (organizer, meeting_id, id),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
);

-- last: the number of the topic's last event ever, which outlives the event.
create table topics (
    topic text collate "C" primary key,
    last bigint not null
);

create table events (
    topic text collate "C" not null,
    number bigint not null,
    at bigint not null,
    kind text collate "C" not null,
    facts text not null,
    primary key (topic, number)
);

create index events_at on events (at);
