-- Contacts, groups and privacy relationships of users; what a search for people reads.

-- The people in a user's groups. name, email: as known when the contact was added, for people who are no users here.
create table contacts (
    owner text collate "C" not null,
    uri text collate "C" not null,
    name text not null,
    email text,
    primary key (owner, uri)
);

-- Groups that a user made (group), or listed (distributionGroup, whose id is its address).
create table contact_groups (
    owner text collate "C" not null,
    id text collate "C" not null,
    kind text collate "C" not null,
    name text not null,
    etag text not null,
    position bigint not null,
    primary key (owner, id)
);

-- group_id: of contact_groups, or one of the system's (defaultGroup, pinnedGroup, delegatesGroup).
create table contact_memberships (
    owner text collate "C" not null,
    uri text collate "C" not null,
    group_id text collate "C" not null,
    primary key (owner, uri, group_id)
);

create index contact_memberships_of_group on contact_memberships (owner, group_id, uri);
-- Delegators are found by their delegates.
create index contact_memberships_of_delegate on contact_memberships (uri, owner) where group_id = 'delegatesGroup';

-- level: what owner lets uri see; null: no longer set, so the default.
create table privacy_relationships (
    owner text collate "C" not null,
    uri text collate "C" not null,
    level text,
    etag text not null,
    primary key (owner, uri)
);

create index privacy_relationships_with on privacy_relationships (uri, owner);

-- Applications that are notified of changes of their owner's contacts. since: the number of the last event before;
-- warned: whether the application was notified that the subscription expires soon.
create table contact_subscriptions (
    owner text collate "C" not null,
    application_id text collate "C" not null,
    since bigint not null,
    expires bigint not null,
    warned smallint not null default 0,
    primary key (owner, application_id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
);

create index contact_subscriptions_expiring on contact_subscriptions (expires);

-- What a user is found by: words of name, addresses and numbers. searchable: whether they are up to date; triggers
-- reset it, whatever server changes the user, and servers from this version on write the words.
-- What a removed user had goes by a trigger, too, and levels that others gave, which are not for a later user of the name.
create table user_words (
    word text collate "C" not null,
    uri text collate "C" not null,
    primary key (word, uri)
);

create index user_words_of_user on user_words (uri);

alter table users add column searchable smallint not null default 0;
create index users_not_searchable on users (uri) where searchable = 0;

create function forget_words() returns trigger language plpgsql as $$
begin
    -- As a whole, so that the type of a column may change.
    if to_jsonb(new) - '{searchable,password_hash,generation,pool,source}'::text[] is distinct from
        to_jsonb(old) - '{searchable,password_hash,generation,pool,source}'::text[]
    then
        new.searchable := 0;
    end if;
    return new;
end $$;

create trigger users_renamed before update on users for each row execute function forget_words();

create function forget_contacts() returns trigger language plpgsql as $$
begin
    delete from user_words where uri = old.uri;
    delete from contacts where owner = old.uri;
    delete from contact_groups where owner = old.uri;
    delete from contact_memberships where owner = old.uri;
    delete from privacy_relationships where owner = old.uri or uri = old.uri;
    return null;
end $$;

create trigger users_removed after delete on users for each row execute function forget_contacts();

select invalidate_on_change('privacy_relationships', 'owner');
select invalidate_on_change('contact_subscriptions', 'owner');
