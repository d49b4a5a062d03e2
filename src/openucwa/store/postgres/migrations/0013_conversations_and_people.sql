-- Whether attendees of the live meeting may send messages. Servers before this one let them.
alter table meetings add column audience_messaging smallint not null default 1;

-- A data URI that comes along with an invitation to a conversation of two.
alter table invitations add column custom_content text;

-- What a directory says of a user, besides.
alter table users add column company text;
alter table users add column office text;
