-- What is kept of a user, how much and how long.

-- changed: when a meeting or extension was last written, ms. Of those that are there it is not known, so it is now.
alter table meetings add column changed integer not null default 0;
alter table extensions add column changed integer not null default 0;
update meetings set changed = cast(strftime('%s', 'now') as integer) * 1000;
update extensions set changed = cast(strftime('%s', 'now') as integer) * 1000;

-- bytes: of the properties of an organizer's extensions, and of the texts and lists of the meetings. Triggers count.
create table stored_bytes (
    owner text primary key,
    bytes integer not null
) strict, without rowid;

insert into stored_bytes (owner, bytes)
select organizer, sum(bytes) from (
    select organizer, length(properties) as bytes from extensions
    union all
    select organizer, length(cast(subject || description || attendees || leaders as blob)) from meetings
) group by organizer;

create trigger extensions_added after insert on extensions begin
    insert into stored_bytes (owner, bytes) values (new.organizer, length(new.properties))
    on conflict (owner) do update set bytes = stored_bytes.bytes + excluded.bytes;
end;

create trigger extensions_replaced after update of properties on extensions
when length(new.properties) <> length(old.properties) begin
    update stored_bytes set bytes = bytes + length(new.properties) - length(old.properties)
    where owner = new.organizer;
end;

create trigger extensions_removed after delete on extensions begin
    update stored_bytes set bytes = bytes - length(old.properties) where owner = old.organizer;
end;

create trigger meetings_added after insert on meetings begin
    insert into stored_bytes (owner, bytes)
    values (new.organizer, length(cast(new.subject || new.description || new.attendees || new.leaders as blob)))
    on conflict (owner) do update set bytes = stored_bytes.bytes + excluded.bytes;
end;

create trigger meetings_replaced after update of subject, description, attendees, leaders on meetings begin
    update stored_bytes
    set bytes = bytes + length(cast(new.subject || new.description || new.attendees || new.leaders as blob))
        - length(cast(old.subject || old.description || old.attendees || old.leaders as blob))
    where owner = new.organizer;
end;

create trigger meetings_removed after delete on meetings begin
    update stored_bytes
    set bytes = bytes - length(cast(old.subject || old.description || old.attendees || old.leaders as blob))
    where owner = old.organizer;
end;

-- generation: the highest that a user had who was removed, so that none comes back with a later user of that name.
create table counters (
    name text primary key,
    value integer not null
) strict, without rowid;

-- ended: when that ended which the topic is about; the row goes when its events have gone.
alter table topics add column ended integer;
update topics set ended = 0
where topic like 'application/%'
    and not exists (select 1 from applications where topics.topic = 'application/' || owner || '/' || id)
    or topic like 'conversation/%'
    and not exists (select 1 from meetings where topics.topic = 'conversation/' || organizer || '/' || id);
create index topics_ended on topics (ended) where ended is not null;

create index replaced_applications_at on replaced_applications (at);
