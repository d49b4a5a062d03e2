-- Contacts, groups and privacy relationships of users; what a search for people reads.

-- The people in a user's groups. name, email: as known when the contact was added, for people who are no users here.
create table contacts (
    owner text not null,
    uri text not null,
    name text not null,
    email text,
    primary key (owner, uri)
) strict, without rowid;

-- Groups that a user made (group), or listed (distributionGroup, whose id is its address).
create table contact_groups (
    owner text not null,
    id text not null,
    kind text not null,
    name text not null,
    etag text not null,
    position integer not null,
    primary key (owner, id)
) strict, without rowid;

-- group_id: of contact_groups, or one of the system's (defaultGroup, pinnedGroup, delegatesGroup).
create table contact_memberships (
    owner text not null,
    uri text not null,
    group_id text not null,
    primary key (owner, uri, group_id)
) strict, without rowid;

create index contact_memberships_of_group on contact_memberships (owner, group_id, uri);
-- Delegators are found by their delegates.
create index contact_memberships_of_delegate on contact_memberships (uri, owner) where group_id = 'delegatesGroup';

-- level: what owner lets uri see; null: no longer set, so the default.
create table privacy_relationships (
    owner text not null,
    uri text not null,
    level text,
    etag text not null,
    primary key (owner, uri)
) strict, without rowid;

create index privacy_relationships_with on privacy_relationships (uri, owner);

-- Applications that are notified of changes of their owner's contacts. since: the number of the last event before;
-- warned: whether the application was notified that the subscription expires soon.
create table contact_subscriptions (
    owner text not null,
    application_id text not null,
    since integer not null,
    expires integer not null,
    warned integer not null default 0,
    primary key (owner, application_id),
    foreign key (owner, application_id) references applications (owner, id) on delete cascade
) strict, without rowid;

create index contact_subscriptions_expiring on contact_subscriptions (expires);

-- What a user is found by: words of name, addresses and numbers. searchable: whether they are up to date; triggers
-- reset it, whatever server changes the user, and servers from this version on write the words.
-- What a removed user had goes by a trigger, too, and levels that others gave, which are not for a later user of the name.
create table user_words (
    word text not null,
    uri text not null,
    primary key (word, uri)
) strict, without rowid;

create index user_words_of_user on user_words (uri);

alter table users add column searchable integer not null default 0;
create index users_not_searchable on users (uri) where searchable = 0;

create trigger users_renamed after update of name, email, work_phone, mobile_phone, home_phone, other_phone on users
begin
    update users set searchable = 0 where uri = new.uri;
end;

create trigger users_removed after delete on users begin
    delete from user_words where uri = old.uri;
    delete from contacts where owner = old.uri;
    delete from contact_groups where owner = old.uri;
    delete from contact_memberships where owner = old.uri;
    delete from privacy_relationships where owner = old.uri or uri = old.uri;
end;
