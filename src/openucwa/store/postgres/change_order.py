"""The order of the change log after a database was restored or copied.

Positions in the log contain numbers of transactions, which are those of one cluster. In another one they may lie in the
future: no reader would be shown these changes, or they would come after those that are made from now on.
"""

#: Takes the numbers of another cluster's transactions for that of none, and ends the log's identity: old positions
#: are worthless. Rows of no transaction are copied ones, too, behind which the next number has to be.
SETTLE = """
    do $$
    declare
        copied bigint;
        next bigint;
    begin
        if exists (
            select 1 from changes where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        ) then
            update changes set transaction_id = 0;
            update forgotten_changes set transaction_id = 0;
            update change_log set identity = '', swept_transaction = 0, trimmed_transaction = 0;
        end if;
        select max(number) into copied from changes where transaction_id = 0;
        if copied > 0 then
            next := nextval(pg_get_serial_sequence('changes', 'number'));
            if next <= copied then
                perform setval(pg_get_serial_sequence('changes', 'number'), copied);
            end if;
        end if;
    end $$
"""
