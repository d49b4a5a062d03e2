-- Whether attendees of the live meeting may send messages. Servers before this one let them.
alter table meetings add column audience_messaging smallint not null default 1;
