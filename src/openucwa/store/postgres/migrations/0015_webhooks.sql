-- Webhooks. owner: '' for those of the administrator. log, log_transaction, log_number: how far it has read the change
-- log. last: number of its last delivery. holder: the process that delivers until leased_until, ms. A trigger removes them
-- with their user, whatever server does that.
create table webhooks (
    owner text collate "C" not null,
    id text collate "C" not null,
    url text not null,
    description text not null,
    kinds text not null,
    filter text not null,
    secrets text not null,
    state text not null,
    reason text not null,
    etag text not null,
    created bigint not null,
    changed bigint not null,
    log text not null,
    log_transaction bigint not null,
    log_number bigint not null,
    last bigint not null,
    holder text not null,
    leased_until bigint not null,
    primary key (id)
);

create index webhooks_owner on webhooks (owner, created);

-- Messages to receivers. next_at: when the next attempt is due, ms. attempts: the latest ones, as JSON.
create table deliveries (
    webhook text collate "C" not null,
    number bigint not null,
    id text collate "C" not null,
    type text not null,
    organizer text collate "C" not null,
    meeting_id text collate "C" not null,
    at bigint not null,
    state text not null,
    next_at bigint not null,
    first_at bigint not null,
    tried bigint not null,
    attempts text not null,
    body bytea not null,
    primary key (webhook, number),
    foreign key (webhook) references webhooks (id) on delete cascade
);

create index deliveries_id on deliveries (webhook, id);
create index deliveries_pending on deliveries (webhook, organizer, meeting_id, number) where state = 'Pending';
create index deliveries_finished on deliveries (at) where state <> 'Pending';

create function forget_webhooks() returns trigger language plpgsql as $$
begin
    delete from webhooks where owner = old.uri;
    return null;
end $$;

create trigger users_with_webhooks_removed after delete on users for each row execute function forget_webhooks();
