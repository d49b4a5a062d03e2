-- The store's own version, and the oldest server (by the newest migration that it knows) that may use the store.
-- A migration that servers before it can't work with raises `oldest`; `version` is counted by the server.
create table store_version (
    version integer not null,
    oldest integer not null
) strict;
insert into store_version (version, oldest) values (0, 1);

-- uri: in lower case.
create table users (
    uri text primary key,
    name text not null,
    email text,
    pool text,
    password_hash text not null,
    generation integer not null
) strict, without rowid;

create table signing_keys (
    id text primary key,
    secret blob not null,
    created integer not null
) strict;

-- owner: a user's URI or anon:ID. communication: the record as JSON, replaced whole; instances: a JSON array.
create table applications (
    owner text not null,
    id text not null,
    endpoint_id text not null,
    culture text not null,
    user_agent text not null,
    type text,
    created integer not null,
    communication text not null,
    available integer not null,
    meeting text,
    name text,
    etag text not null,
    instances text not null,
    last_request integer not null,
    last_poll integer,
    primary key (owner, id),
    unique (owner, endpoint_id)
) strict, without rowid;

create index applications_heard_of on applications (coalesce(last_poll, last_request));

-- Applications that were ended because their owner opened too many others.
create table replaced_applications (
    owner text not null,
    id text not null,
    at integer not null,
    primary key (owner, id)
) strict, without rowid;

-- instance: '' is the only channel of an application without instances. acknowledged, delivered: JSON, topic -> number.
create table channels (
    owner text not null,
    application_id text not null,
    instance text not null,
    served integer not null,
    acknowledged text not null,
    delivered text not null,
    low integer,
    medium integer,
    timeout integer,
    primary key (owner, application_id, instance),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
) strict, without rowid;

-- position: the order of making among one organizer's meetings. attendees, leaders: JSON arrays.
create table meetings (
    organizer text not null,
    id text not null,
    position integer not null,
    rel text not null,
    etag text not null,
    conference_id text not null,
    conversation_id text not null,
    created integer not null,
    access_level text not null,
    attendees text not null,
    automatic_leader_assignment text not null,
    description text not null,
    entry_exit_announcement text not null,
    expiration_time integer,
    leaders text not null,
    lobby_bypass_for_phone_users text not null,
    phone_user_admission text not null,
    subject text not null,
    primary key (organizer, id)
) strict, without rowid;

create unique index meetings_assigned on meetings (organizer) where rel = 'myAssignedOnlineMeeting';
create index meetings_expiration on meetings (expiration_time) where expiration_time is not null;

-- A table of their own, because they are unique on the server and not only for an organizer.
create table conference_ids (
    id text primary key,
    organizer text not null,
    meeting_id text not null,
    unique (organizer, meeting_id),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
) strict, without rowid;

-- position: the order of making within the meeting; a replacement keeps it.
create table extensions (
    organizer text not null,
    meeting_id text not null,
    id text not null,
    position integer not null,
    type text not null,
    etag text not null,
    properties blob not null,
    primary key (organizer, meeting_id, id),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade
) strict, without rowid;

-- last: the number of the topic's last event ever, which outlives the event. moved: the number of the commit that
-- moved the topic last, by which one process sees what others did.
create table topics (
    topic text primary key,
    last integer not null,
    moved integer not null
) strict, without rowid;

create index topics_moved on topics (moved);

create table events (
    topic text not null,
    number integer not null,
    at integer not null,
    kind text not null,
    facts text not null,
    primary key (topic, number)
) strict, without rowid;

create index events_at on events (at);

-- How many commits moved a topic: one row.
create table commits (
    number integer not null
) strict;
insert into commits (number) values (0);
