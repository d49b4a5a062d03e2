// The extensions of meetings on fastify and better-sqlite3, as somebody would write it who wants it fast: prepared
// statements, WAL, synchronous=FULL, tokens in memory, JSON put together from the JSON that is stored.
//
//     node server.js DATABASE PORT TOKEN APPLICATION
//
// Same paths, same checks and same bodies as the server; one process, no log.
'use strict';

const { randomBytes, randomUUID } = require('node:crypto');
const Database = require('better-sqlite3');
const fastify = require('fastify')({ logger: false });

const [file, port, token, application] = process.argv.slice(2);
const PASS_THROUGH = '4c093470-df6e-54cb-84ec-2a4f9099f84c';
const TAIL = `"${PASS_THROUGH}":"please pass this in a PUT request"`;
const JSON_TYPE = 'application/json; charset=utf-8';
const REL = 'onlineMeetingExtension';

const users = new Map([[token, { uri: 'sip:lenea@contoso.com', application: application.split('/').pop() }]]);

const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('foreign_keys = ON');
database.exec(`
  create table if not exists meetings (organizer text not null, id text not null, etag text not null,
    primary key (organizer, id)) strict, without rowid;
  create table if not exists extensions (organizer text not null, meeting_id text not null, id text not null,
    position integer not null, type text not null, etag text not null, properties text not null,
    primary key (organizer, meeting_id, id),
    foreign key (organizer, meeting_id) references meetings (organizer, id) on delete cascade) strict, without rowid;
`);
const addMeeting = database.prepare('insert into meetings values (?, ?, ?)');
const getMeeting = database.prepare('select etag from meetings where organizer = ? and id = ?');
const listExtensions = database.prepare(
  'select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? order by position');
const getExtension = database.prepare(
  'select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? and id = ?');
const addExtension = database.prepare('insert into extensions values (?, ?, ?, ?, ?, ?, ?)');
const replaceExtension = database.prepare(
  'update extensions set type = ?, etag = ?, properties = ?' +
  ' where organizer = ? and meeting_id = ? and id = ? and etag = ?');

const newEtag = () => randomBytes(8).readBigUInt64BE().toString();
let position = Date.now();

function refuse(reply, status, message) {
  reply.code(status).send({ code: String(status), message });
}

function show(row, href) {
  return `{"rel":"${REL}","id":${JSON.stringify(row.id)},"type":"${row.type}",${row.properties.slice(1, -1)},` +
    `${TAIL},"etag":"${row.etag}","_links":{"self":{"href":"${href}"}}}`;
}

function read(body) {
  const { id, type = 'Undefined', etag, rel, _links, [PASS_THROUGH]: passed, ...properties } = body;
  return { id, type, passed, properties: JSON.stringify(properties) };
}

fastify.addHook('onRequest', (request, reply, done) => {
  const user = users.get(request.headers.authorization);
  if (user === undefined) return refuse(reply, 401, 'this resource needs a token');
  if (user.application !== request.params.application) return refuse(reply, 404, 'there is no such application');
  request.user = user;
  done();
});
fastify.decorateRequest('user', null);

const APPLICATION = '/ucwa/v1/applications/:application/onlineMeetings/myOnlineMeetings';
const COLLECTION = `${APPLICATION}/:meeting/onlineMeetingExtensions`;
const ONE = `${COLLECTION}/:extension`;

fastify.post(APPLICATION, (request, reply) => {
  const id = randomBytes(5).toString('hex').toUpperCase();
  addMeeting.run(request.user.uri, id, newEtag());
  const href = `${request.url}/${id}`;
  reply.code(201).header('location', href).send({ rel: 'myOnlineMeeting', id, _links: { self: { href } } });
});

fastify.get(COLLECTION, (request, reply) => {
  const { user, url, params } = request;
  if (getMeeting.get(user.uri, params.meeting) === undefined) return refuse(reply, 404, 'there is no such meeting');
  const path = url.split('?', 1)[0];
  const rows = listExtensions.all(user.uri, params.meeting);
  const shown = rows.map((row) => show(row, `${path}/${encodeURIComponent(row.id)}`)).join(',');
  reply.header('content-type', JSON_TYPE).send(
    `{"rel":"onlineMeetingExtensions","_links":{"self":{"href":"${path}"}},"_embedded":{"${REL}":[${shown}]}}`);
});

fastify.post(COLLECTION, (request, reply) => {
  const { user, url, params } = request;
  const given = read(request.body);
  const row = { ...given, id: given.id ?? randomUUID(), etag: newEtag() };
  try {
    addExtension.run(user.uri, params.meeting, row.id, ++position, row.type, row.etag, row.properties);
  } catch (error) {
    if (error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return refuse(reply, 404, 'there is no such meeting');
    if (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return refuse(reply, 409, 'there is one with this id');
    throw error;
  }
  const href = `${url}/${encodeURIComponent(row.id)}`;
  reply.code(201).header('location', href).header('etag', `"${row.etag}"`).header('content-type', JSON_TYPE)
    .send(show(row, href));
});

fastify.get(ONE, (request, reply) => {
  const { user, url, params } = request;
  const row = getExtension.get(user.uri, params.meeting, params.extension);
  if (row === undefined) return refuse(reply, 404, 'there is no such extension');
  const tag = `"${row.etag}"`;
  reply.header('etag', tag);
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  reply.header('content-type', JSON_TYPE).send(show(row, url));
});

fastify.put(ONE, (request, reply) => {
  const { user, url, params } = request;
  const tag = request.headers['if-match'];
  if (tag === undefined) return refuse(reply, 428, 'a PUT has to bear If-Match');
  const given = read(request.body);
  if (given.passed === undefined) return refuse(reply, 400, 'a PUT has to pass on the property');
  const row = { ...given, id: params.extension, etag: newEtag() };
  const { changes } = replaceExtension.run(
    row.type, row.etag, row.properties, user.uri, params.meeting, row.id, tag.slice(1, -1));
  if (changes === 0) {
    const found = getExtension.get(user.uri, params.meeting, row.id) !== undefined;
    return found ? refuse(reply, 412, 'it has changed') : refuse(reply, 404, 'there is no such extension');
  }
  reply.header('etag', `"${row.etag}"`).header('content-type', JSON_TYPE).send(show(row, url));
});

process.on('SIGTERM', () => process.exit(0));
fastify.listen({ host: '127.0.0.1', port: Number(port) });
