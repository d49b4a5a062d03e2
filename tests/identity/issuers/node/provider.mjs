// An OpenID provider for tests: oidc-provider, with what a test tells it.
//
//     node provider.mjs PORT
//
// reads lines of JSON, each of which is a whole configuration that takes the place of the one before:
// {"jwks": {"keys": [...]}, "audience": "...", "format": "jwt" | "opaque", "accounts": {"NAME": {"password": "...",
// "claims": {...}}}, "redirectUris": [...]}. It answers each with a line: the port that it listens on. It ends with
// its stdin. GET /counts says how many requests each path had.
import http from 'node:http';
import readline from 'node:readline';

import { errors, Provider } from 'oidc-provider';

console.info = console.error; // the provider's notices

let counts = {};
let callback = (request, response) => response.writeHead(503).end();

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/counts') {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(counts));
    return;
  }
  counts[path] = (counts[path] ?? 0) + 1;
  callback(request, response);
});

function configured(issuer, { jwks, audience, format, accounts, redirectUris }) {
  const resourceServer = {
    scope: 'Conversations.Initiate Conversations.Receive Contacts.ReadWrite Meetings.ReadWrite User.ReadWrite',
    audience,
    accessTokenTTL: 3600,
    accessTokenFormat: format,
  };
  const provider = new Provider(issuer, {
    jwks,
    clients: [
      {
        client_id: 'openucwa',
        client_secret: 'server-secret',
        grant_types: ['authorization_code', 'password'],
        redirect_uris: [`${issuer}/callback`],
      },
      {
        client_id: 'console',
        token_endpoint_auth_method: 'none',
        redirect_uris: redirectUris,
      },
    ],
    clientBasedCORS: () => true,
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id]?.claims }) }),
    extraTokenClaims: (context, token) => accounts[token.accountId]?.claims,
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer,
      },
    },
    cookies: { keys: ['test'] },
  });

  const passwordGrant = async (context) => {
    const { client, params } = context.oidc;
    const account = accounts[params.username];
    if (account === undefined || account.password !== params.password) {
      throw new errors.InvalidGrant('the name or the password is wrong');
    }
    const grant = new provider.Grant({ accountId: params.username, clientId: client.clientId });
    await grant.save();
    const token = new provider.AccessToken({ accountId: params.username, client, grantId: grant.jti, gty: 'password' });
    token.scope = params.scope;
    token.resourceServer = new provider.ResourceServer(audience, resourceServer);
    const idToken = new provider.IdToken({ sub: params.username, ...account.claims }, { ctx: context });
    idToken.scope = 'openid profile email';
    context.body = {
      access_token: await token.save(),
      id_token: await idToken.issue({ use: 'idtoken' }),
      expires_in: token.expiration,
      token_type: 'Bearer',
    };
  };
  provider.on('server_error', (context, error) => console.error(error));
  provider.registerGrantType('password', passwordGrant, ['username', 'password', 'scope'], []);
  return provider.callback();
}

server.listen(Number(process.argv[2]), '127.0.0.1', async () => {
  const { port } = server.address();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    counts = {};
    callback = configured(`http://127.0.0.1:${port}`, JSON.parse(line));
    console.log(port);
  }
  process.exit(0);
});
