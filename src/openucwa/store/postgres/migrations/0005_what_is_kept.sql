-- What is kept of a user, how much and how long.

-- changed: when a meeting or extension was last written, ms. Of those that are there it is not known, so it is now.
alter table meetings add column changed bigint not null default 0;
alter table extensions add column changed bigint not null default 0;
update meetings set changed = cast(extract(epoch from now()) * 1000 as bigint);
update extensions set changed = cast(extract(epoch from now()) * 1000 as bigint);

-- bytes: of the properties of an organizer's extensions, and of the texts and lists of the meetings. Triggers count.
create table stored_bytes (
    owner text collate "C" primary key,
    bytes bigint not null
);

insert into stored_bytes (owner, bytes)
select organizer, sum(bytes) from (
    select organizer, length(properties) as bytes from extensions
    union all
    select organizer, octet_length(subject || description || attendees || leaders) from meetings
) as stored group by organizer;

create function count_extension_bytes() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into stored_bytes (owner, bytes) values (new.organizer, length(new.properties))
        on conflict (owner) do update set bytes = stored_bytes.bytes + excluded.bytes;
    elsif tg_op = 'UPDATE' then
        update stored_bytes set bytes = bytes + length(new.properties) - length(old.properties)
        where owner = new.organizer;
    else
        update stored_bytes set bytes = bytes - length(old.properties) where owner = old.organizer;
    end if;
    return null;
end $$;

create trigger extensions_counted after insert or delete on extensions
for each row execute function count_extension_bytes();
create trigger extensions_replaced after update of properties on extensions
for each row when (length(new.properties) <> length(old.properties)) execute function count_extension_bytes();

create function count_meeting_bytes() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into stored_bytes (owner, bytes)
        values (new.organizer, octet_length(new.subject || new.description || new.attendees || new.leaders))
        on conflict (owner) do update set bytes = stored_bytes.bytes + excluded.bytes;
    elsif tg_op = 'UPDATE' then
        update stored_bytes
        set bytes = bytes + octet_length(new.subject || new.description || new.attendees || new.leaders)
            - octet_length(old.subject || old.description || old.attendees || old.leaders)
        where owner = new.organizer;
    else
        update stored_bytes
        set bytes = bytes - octet_length(old.subject || old.description || old.attendees || old.leaders)
        where owner = old.organizer;
    end if;
    return null;
end $$;

create trigger meetings_counted after insert or delete on meetings
for each row execute function count_meeting_bytes();
create trigger meetings_replaced after update of subject, description, attendees, leaders on meetings
for each row execute function count_meeting_bytes();

-- generation: the highest that a user had who was removed, so that none comes back with a later user of that name.
create table counters (
    name text collate "C" primary key,
    value bigint not null
);

-- ended: when that ended which the topic is about; the row goes when its events have gone.
alter table topics add column ended bigint;
update topics set ended = 0
where topic like 'application/%'
    and not exists (select 1 from applications where topics.topic = 'application/' || owner || '/' || id)
    or topic like 'conversation/%'
    and not exists (select 1 from meetings where topics.topic = 'conversation/' || organizer || '/' || id);
create index topics_ended on topics (ended) where ended is not null;

create index replaced_applications_at on replaced_applications (at);
