-- JSON Schemas of users for the extensions of their meetings, by the extensions' id. schema: null: it was removed.
create table schemas (
    owner text not null,
    extension_id text not null,
    version integer not null,
    etag text not null,
    schema blob,
    changed integer not null,
    primary key (owner, extension_id, version)
) strict, without rowid;
