// Signing in at an OpenID Connect issuer: OAuth's authorization code grant with PKCE (RFC 7636). The browser leaves the page
// and comes back to it with a code, which is good for one token and only together with a secret that stays in this tab.

import { t } from "./texts.js";

const KEY = "openucwa issuer";
const CHOICES = "/openucwa/issuers";

// The issuers where one may sign in: [{issuer, name, authorizationEndpoint, tokenEndpoint, clientId, scope, issRequired}].
export async function loadIssuers() {
  try {
    const response = await fetch(CHOICES, { headers: { Accept: "application/json" }, credentials: "omit" });
    return response.ok ? (await response.json()).issuers : [];
  } catch {
    return [];
  }
}

// Leaves the page for the issuer's. It comes back to where it is, with `returned()`.
export async function leaveFor(choice) {
  const [state, verifier] = [randomText(), randomText()];
  sessionStorage.setItem(KEY, JSON.stringify({ choice, state, verifier, hash: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const url = new URL(choice.authorizationEndpoint);
  const fields = {
    response_type: "code",
    client_id: choice.clientId,
    redirect_uri: here(),
    scope: choice.scope,
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  location.assign(url);
}

// The tokens that the page came back with, {choice, accessToken, refreshToken}; null: it was not away. Rejects where the
// issuer refused. The address is as it was before, so that a reload or a bookmark is no second try.
export async function returned() {
  const query = new URLSearchParams(location.search);
  const left = take();
  if (left === null || !(query.has("code") || query.has("error"))) return null;
  history.replaceState(null, "", here() + left.hash);
  // An issuer that names itself (RFC 9207) does so always: without its name, the code may be another issuer's.
  const issuer = query.get("iss") ?? (left.choice.issRequired ? null : left.choice.issuer);
  if (query.get("state") !== left.state || issuer !== left.choice.issuer) {
    throw new Error(t`This sign-in was not started here. Please try again.`);
  }
  if (query.has("error")) throw new Error(t`${left.choice.name} did not sign you in: ${reasonOf(query)}.`);
  const fields = { grant_type: "authorization_code", code: query.get("code"), redirect_uri: here() };
  return ask(left.choice, { ...fields, code_verifier: left.verifier });
}

// New tokens for older ones, where the issuer gives some; rejects where it does not.
export function renewed({ choice, refreshToken }) {
  if (!refreshToken) return Promise.reject(new Error(t`Your session has expired. Please sign in again.`));
  return ask(choice, { grant_type: "refresh_token", refresh_token: refreshToken }, refreshToken);
}

async function ask(choice, fields, refreshToken = null) {
  const body = new URLSearchParams({ ...fields, client_id: choice.clientId });
  let response, tokens;
  try {
    response = await fetch(choice.tokenEndpoint, { method: "POST", body, credentials: "omit" });
    tokens = await response.json();
  } catch {
    throw new Error(t`${choice.name} can’t be reached.`);
  }
  if (!response.ok)
    throw new Error(t`${choice.name} did not sign you in: ${tokens.error_description ?? tokens.error}.`);
  return { choice, accessToken: tokens.access_token, refreshToken: tokens.refresh_token ?? refreshToken };
}

function take() {
  try {
    const left = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    return left;
  } catch {
    return null;
  }
}

function here() {
  return location.origin + location.pathname;
}

function reasonOf(query) {
  return query.get("error_description") ?? query.get("error");
}

function randomText() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
