-- What servers check before they use cached rows: a bucket of owners has a new number after each commit that changed
-- rows of one of them. bucket: a hash of the owner's URI; -1 stands for all owners. numbers: the latest, newest first.
create table invalidations (
    bucket integer primary key,
    numbers bigint[] not null
) with (fillfactor = 50);

-- As `bucket_of` in invalidation.py.
create function invalidation_bucket(owner text) returns integer language sql immutable strict as $$
    select ('x' || left(encode(sha256(convert_to(owner, 'UTF8')), 'hex'), 5))::bit(20)::integer
$$;

-- Servers from this version on write the numbers themselves, one for each transaction, and say so with the setting
-- openucwa.marks, local to the transaction. The triggers do it for everybody else: servers before this version, and SQL
-- by hand. Their number is the same for all of a transaction's rows, so that each bucket is written once.
create function invalidate_rows() returns trigger language plpgsql as $$
declare
    number bigint := hashtextextended(pg_current_xact_id()::text || ' ' || now()::text, 0);
    buckets integer[] := '{}';
    owner_column text;
    owner text;
begin
    if tg_op = 'TRUNCATE' then
        buckets := array[-1];
    else
        foreach owner_column in array tg_argv loop
            if tg_op <> 'INSERT' then
                execute format('select ($1).%I', owner_column) into owner using old;
                buckets := buckets || invalidation_bucket(owner);
            end if;
            if tg_op <> 'DELETE' then
                execute format('select ($1).%I', owner_column) into owner using new;
                buckets := buckets || invalidation_bucket(owner);
            end if;
        end loop;
    end if;
    insert into invalidations (bucket, numbers)
    select distinct bucket, array[number, 0] from unnest(buckets) as bucket order by bucket
    on conflict (bucket) do update set numbers = excluded.numbers[1] || invalidations.numbers[1:7]
    where invalidations.numbers[1] <> excluded.numbers[1];
    return null;
end $$;

-- To be called for each table whose rows are cached. owner_columns: those that name an owner in whose cached reads the
-- row is shown.
create function invalidate_on_change(cached_table regclass, variadic owner_columns text[]) returns void
language plpgsql as $$
begin
    execute format(
        'create trigger invalidated after insert or update or delete on %s for each row'
        ' when (current_setting(''openucwa.marks'', true) is distinct from ''on'')'
        ' execute function invalidate_rows(%s)',
        cached_table,
        (select string_agg(quote_literal(name), ', ') from unnest(owner_columns) as name)
    );
    execute format(
        'create trigger invalidated_at_once after truncate on %s for each statement execute function invalidate_rows()',
        cached_table
    );
end $$;

select invalidate_on_change('users', 'uri');
select invalidate_on_change('applications', 'owner');
select invalidate_on_change('meetings', 'organizer');
select invalidate_on_change('extensions', 'organizer');
select invalidate_on_change('participations', 'organizer', 'owner');
select invalidate_on_change('invitations', 'owner');
