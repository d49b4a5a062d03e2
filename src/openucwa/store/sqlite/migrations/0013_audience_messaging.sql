-- Whether attendees of the live meeting may send messages. Servers before this one let them.
alter table meetings add column audience_messaging integer not null default 1;
