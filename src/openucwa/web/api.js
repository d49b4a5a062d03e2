// The page to try requests in: an API's description, shown by Swagger UI, with this server's sign-in above it. The token
// is in memory only. Swagger UI sends requests to the address that the page is from, and to no other.

import { $, allFilled, busy, complain, notify } from "./elements.js";
import { t } from "./texts.js";
import { Ucwa } from "./ucwa.js";
import { inWords, isWrongPassword } from "./words.js";

const BEARER = "Bearer";
const dark = matchMedia("(prefers-color-scheme: dark)");
// The values of path parameters in the last answers, by name; and what fills them into the fields that are shown.
const learned = new Map();
const rows = new Set();
let token = null;

// Swagger UI's dark colours go by a class.
function takeColours() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

// A tag whose words link to the reference, in place of a line with its address.
function withReference({ externalDocs, ...tag }) {
  return externalDocs ? { ...tag, description: `${tag.description} [Reference](${externalDocs.url})` } : tag;
}

// The description as it is tried here: on this address, with the sign-in of this page, so without one of its own.
function asTried(description) {
  const spec = { ...description, servers: [{ url: location.origin }], tags: description.tags?.map(withReference) };
  for (const operations of Object.values(spec.paths)) {
    for (const operation of Object.values(operations)) delete operation.security;
  }
  delete spec.components?.securitySchemes;
  return spec;
}

// Nothing but the operations, and the field to search them: the rest of Swagger UI's page is in ours.
function layout({ React }) {
  const h = React.createElement;
  function Operations({ getComponent }) {
    const [SvgAssets, Errors, Filter, List] = [
      getComponent("SvgAssets"),
      getComponent("errors", true),
      getComponent("FilterContainer", true),
      getComponent("operations", true),
    ];
    return h(
      "div",
      { className: "swagger-ui" },
      h(SvgAssets),
      h(Errors),
      h(Filter),
      h("h2", { className: "unseen" }, "Operations"),
      h(List),
    );
  }
  // Its field for a body has no name.
  const TextArea = (Original) => (props) => h(Original, { "aria-label": "Body", ...props });
  const parameterRow = (Original) =>
    function Row(props) {
      const { rawParam, param, onChange } = props;
      const name = rawParam.get("in") === "path" ? rawParam.get("name") : null;
      const shown = React.useRef();
      shown.current = param.get("value");
      React.useEffect(() => {
        const fillIn = () => {
          const value = learned.get(name);
          if (value !== undefined && value !== shown.current) onChange(rawParam, value, false);
        };
        if (!shown.current) fillIn();
        rows.add(fillIn);
        return () => rows.delete(fillIn);
      }, [name]);
      return h(Original, props);
    };
  return { components: { Operations }, wrapComponents: { TextArea, parameterRow } };
}

// The values of path parameters in the address of a resource: [[name, value], ...].
function parametersIn(href, templates) {
  const path = new URL(href, location.origin).pathname;
  for (const { names, pattern } of templates) {
    const found = pattern.exec(path);
    if (found) return names.map((name, place) => [name, decodeURIComponent(found[place + 1])]);
  }
  return [];
}

function templatesOf(spec) {
  return Object.keys(spec.paths)
    .filter((path) => path.includes("{"))
    .map((path) => ({
      names: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}/?$`, "i"),
    }));
}

// Notes what an answer says of itself, so that the next request can be about it.
function learn(answer, templates) {
  const href = answer.ok && (answer.headers.location ?? answer.body?._links?.self?.href);
  if (!href) return;
  for (const [name, value] of parametersIn(href, templates)) learned.set(name, value);
  for (const fillIn of rows) fillIn();
}

async function show() {
  const place = $("api");
  const answer = await fetch(place.dataset.description);
  if (!answer.ok) throw new Error(answer.statusText);
  const description = await answer.json();
  $("access").hidden = description.components?.securitySchemes === undefined;
  const spec = asTried(description);
  const templates = templatesOf(spec);
  globalThis.SwaggerUIBundle({
    domNode: place,
    spec,
    plugins: [layout],
    layout: "Operations",
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    validatorUrl: null,
    requestInterceptor(request) {
      // A resource has one etag in both formats, so a browser that has it in JSON would get 304 for XML, and show JSON.
      request.cache = "no-store";
      if (token !== null && new URL(request.url, location.origin).origin === location.origin) {
        request.headers.Authorization = `${BEARER} ${token}`;
      }
      return request;
    },
    responseInterceptor(response) {
      // After Swagger UI has shown the answer.
      setTimeout(() => learn(response, templates));
      return response;
    },
  });
}

// `who`: null: nobody.
function signedIn(newToken, who) {
  token = newToken;
  $("password-form").hidden = $("token-form").hidden = token !== null;
  $("sign-out").hidden = token === null;
  $("signed-in").hidden = token === null;
  $("signed-in").textContent = token === null ? "" : (who ?? t`Requests are sent with your token.`);
}

async function signIn() {
  const [username, password] = [$("username"), $("password")];
  notify($("access-error"), null);
  const fields = [
    [username, t`Please enter your user name.`],
    [password, t`Please enter your password.`],
  ];
  if (!allFilled(fields)) return;
  const client = new Ucwa();
  try {
    await client.discover();
    await client.signIn(username.value.trim(), password.value);
    password.value = "";
    const granted = client.credentials.token.replace(/^Bearer /i, "");
    signedIn(granted, t`You are signed in as ${username.value.trim()}.`);
  } catch (error) {
    if (isWrongPassword(error)) complain(password, t`The user name or the password is wrong.`);
    else notify($("access-error"), inWords(error));
  }
}

function useToken() {
  const field = $("token");
  if (!allFilled([[field, t`Please enter a token.`]])) return;
  signedIn(field.value.trim().replace(/^Bearer +/i, ""), null);
  field.value = "";
}

dark.addEventListener("change", takeColours);
takeColours();
$("password-form").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.submitter, signIn);
});
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken();
});
$("sign-out").addEventListener("click", () => {
  signedIn(null, null);
  $("username").focus();
});

try {
  await show();
} catch {
  notify($("page-error"), t`The API’s description could not be loaded. Try again shortly.`);
}
