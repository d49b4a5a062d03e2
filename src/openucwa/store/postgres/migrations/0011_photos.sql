-- Photos of users, a row for each size. source: the directory; null: set by the user or an administrator. fingerprint:
-- of the directory's original. A trigger removes them with their user, whatever server does that.
create table photos (
    owner text collate "C" not null,
    source text,
    fingerprint text not null,
    size integer not null,
    media_type text not null,
    etag text not null,
    data bytea not null,
    primary key (owner, size)
);

create function forget_photos() returns trigger language plpgsql as $$
begin
    delete from photos where owner = old.uri;
    return null;
end $$;

create trigger users_with_photos_removed after delete on users for each row execute function forget_photos();
