-- What the statements of `store/sql/` need, which are the same for every engine. position: the order of adding.
alter table signing_keys add column position bigint not null default 0;
