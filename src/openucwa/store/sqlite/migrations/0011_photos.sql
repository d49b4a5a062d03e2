-- Photos of users, a row for each size. source: the directory; null: set by the user or an administrator. fingerprint:
-- of the directory's original. A trigger removes them with their user, whatever server does that.
create table photos (
    owner text not null,
    source text,
    fingerprint text not null,
    size integer not null,
    media_type text not null,
    etag text not null,
    data blob not null,
    primary key (owner, size)
) strict, without rowid;

create trigger users_with_photos_removed after delete on users begin
    delete from photos where owner = old.uri;
end;
