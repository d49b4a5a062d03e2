-- Presence of users, and subscriptions to it.

-- One row for each user who was ever available. availability, device, modalities: as they were last made known.
-- due: when availability changes if nothing happens, ms.
create table presences (
    owner text primary key,
    preferred text,
    note text not null,
    location text not null,
    availability text not null,
    device text not null,
    modalities text not null,
    last_active integer,
    due integer
) strict, without rowid;
create index presences_due on presences (due) where due is not null;

-- Applications that are available. inactive, away: ms without activity. since: in the user's own topic.
create table endpoints (
    owner text not null,
    application_id text not null,
    inactive integer not null,
    away integer not null,
    active_at integer not null,
    since integer not null,
    primary key (owner, application_id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
) strict, without rowid;

-- Of applications that are available already nobody knows how long: the next sweep makes their users known.
insert into endpoints (owner, application_id, inactive, away, active_at, since)
select owner, id, 300000, 300000, last_request, 0 from applications where available = 1;
insert into presences (owner, note, location, availability, device, modalities, due)
select distinct owner, '', '', 'Offline', 'Unknown', '[]', 0 from endpoints;

create table subscriptions (
    owner text not null,
    application_id text not null,
    id text not null,
    of_group integer not null,
    expires integer not null,
    announced integer not null,
    added integer not null,
    primary key (owner, application_id, id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
) strict, without rowid;
create index subscriptions_expires on subscriptions (expires);

-- since: the last number of the person's topic before the application subscribed to it.
create table subscribed (
    owner text not null,
    application_id text not null,
    subscription text not null,
    uri text not null,
    since integer not null,
    primary key (owner, application_id, subscription, uri),
    foreign key (owner, application_id, subscription)
        references subscriptions (owner, application_id, id) on delete cascade
) strict, without rowid;
