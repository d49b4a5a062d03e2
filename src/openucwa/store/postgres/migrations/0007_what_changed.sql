-- A new number in an owner's bucket with each commit that changes rows of his, so that every server finds out whether
-- what it cached is still so. Owners share buckets by a hash of their URI; bucket -1 is everybody's. numbers: the latest
-- ones, the last one first.
create table invalidations (
    bucket integer primary key,
    numbers bigint[] not null
) with (fillfactor = 50);

-- Servers before this one change rows without a new number.
update store_version set oldest = 7;
