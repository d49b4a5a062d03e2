-- Users whom an issuer or a directory vouches for. source: which; null: added here. The others: what it says of them.
alter table users add column source text;
alter table users add column title text;
alter table users add column department text;
alter table users add column work_phone text;
alter table users add column mobile_phone text;
alter table users add column home_phone text;
alter table users add column other_phone text;

-- Users whom an administrator removed: they are not added again because somebody else vouches for them.
create table removed_users (
    uri text primary key
) strict, without rowid;
