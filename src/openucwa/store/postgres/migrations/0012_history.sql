-- What is stored of conversations of two, for each of the two users. changed: of the last message, ms. messages: how many
-- are stored.
create table conversation_logs (
    owner text collate "C" not null,
    id text collate "C" not null,
    created bigint not null,
    changed bigint not null,
    outgoing smallint not null,
    missed smallint not null,
    unread smallint not null,
    importance text not null,
    subject text not null,
    thread_id text not null,
    other_uri text not null,
    other_name text not null,
    max_messages bigint not null,
    messages bigint not null,
    preview text not null,
    primary key (owner, id)
);

create index conversation_logs_changed on conversation_logs (changed);

create table log_messages (
    owner text collate "C" not null,
    log_id text collate "C" not null,
    number bigint not null,
    at bigint not null,
    from_uri text not null,
    content_type text not null,
    text text not null,
    primary key (owner, log_id, number),
    foreign key (owner, log_id) references conversation_logs (owner, id) on delete cascade
);
