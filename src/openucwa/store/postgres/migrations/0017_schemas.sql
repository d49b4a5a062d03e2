-- JSON Schemas of users for the extensions of their meetings, by the extensions' id. schema: null: it was removed.
create table schemas (
    owner text collate "C" not null,
    extension_id text collate "C" not null,
    version bigint not null,
    etag text not null,
    schema bytea,
    changed bigint not null,
    primary key (owner, extension_id, version)
);

select invalidate_on_change('schemas', 'owner');
