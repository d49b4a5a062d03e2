-- What is stored of conversations of two, for each of the two users. changed: of the last message, ms. messages: how many
-- are stored.
create table conversation_logs (
    owner text not null,
    id text not null,
    created integer not null,
    changed integer not null,
    outgoing integer not null,
    missed integer not null,
    unread integer not null,
    importance text not null,
    subject text not null,
    thread_id text not null,
    other_uri text not null,
    other_name text not null,
    max_messages integer not null,
    messages integer not null,
    preview text not null,
    primary key (owner, id)
) strict, without rowid;

create index conversation_logs_changed on conversation_logs (changed);

create table log_messages (
    owner text not null,
    log_id text not null,
    number integer not null,
    at integer not null,
    from_uri text not null,
    content_type text not null,
    text text not null,
    primary key (owner, log_id, number),
    foreign key (owner, log_id) references conversation_logs (owner, id) on delete cascade
) strict, without rowid;
