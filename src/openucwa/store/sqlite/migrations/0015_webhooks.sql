-- Webhooks. owner: '' for those of the administrator. log, log_transaction, log_number: how far it has read the change
-- log. last: number of its last delivery. holder: the process that delivers until leased_until, ms. A trigger removes them
-- with their user, whatever server does that.
create table webhooks (
    owner text not null,
    id text not null,
    url text not null,
    description text not null,
    kinds text not null,
    filter text not null,
    secrets text not null,
    state text not null,
    reason text not null,
    etag text not null,
    created integer not null,
    changed integer not null,
    log text not null,
    log_transaction integer not null,
    log_number integer not null,
    last integer not null,
    holder text not null,
    leased_until integer not null,
    primary key (id)
) strict, without rowid;

create index webhooks_owner on webhooks (owner, created);

-- Messages to receivers. next_at: when the next attempt is due, ms. attempts: the latest ones, as JSON.
create table deliveries (
    webhook text not null,
    number integer not null,
    id text not null,
    type text not null,
    organizer text not null,
    meeting_id text not null,
    at integer not null,
    state text not null,
    next_at integer not null,
    first_at integer not null,
    tried integer not null,
    attempts text not null,
    body blob not null,
    primary key (webhook, number),
    foreign key (webhook) references webhooks (id) on delete cascade
) strict;

create index deliveries_id on deliveries (webhook, id);
create index deliveries_pending on deliveries (webhook, organizer, meeting_id, number) where state = 'Pending';
create index deliveries_finished on deliveries (at) where state <> 'Pending';

create trigger users_with_webhooks_removed after delete on users begin
    delete from webhooks where owner = old.uri;
end;
