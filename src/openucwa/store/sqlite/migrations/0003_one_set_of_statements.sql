-- What the statements of `store/sql/` need, which are the same for every engine.

-- position: the order of adding.
alter table signing_keys add column position integer not null default 0;
update signing_keys set position = rowid;

-- `moved` is SQLite's own affair, so it gets a default.
drop index topics_moved;
create table topics_with_default (
    topic text primary key,
    last integer not null,
    moved integer not null default 0
) strict, without rowid;
insert into topics_with_default select topic, last, moved from topics;
drop table topics;
alter table topics_with_default rename to topics;
create index topics_moved on topics (moved);
