// The cross-domain frame: a page of an allowed origin posts a request as a JSON string; it is sent to this host, and
// the answer is posted back as a JSON string (docs/protocol.md, "Cross-origin browsers").

const ORIGINS = document.currentScript.dataset.origins.split(" ").filter(Boolean);

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

// Clients look headers up by name as Microsoft's servers spell them, so case matters inside the answer.
const SPELLINGS = {
  etag: "ETag",
  "www-authenticate": "WWW-Authenticate",
  "x-ms-diagnostics": "X-Ms-diagnostics",
  "x-ms-server-fqdn": "X-MS-Server-Fqdn",
  "x-ms-ucwaversion": "X-MS-UcwaVersion",
};

function canonical(name) {
  return SPELLINGS[name] ?? name.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
}

function refusal(reason, messageId) {
  return {
    status: 403,
    statusText: "Forbidden",
    responseText: "",
    headers: `X-Ms-diagnostics: 28070;source="${location.host}";reason="${reason}"`,
    messageId,
  };
}

// The headers of the request, whatever form the client gives them in.
function requestHeaders(request) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (value !== null && value !== undefined) headers.set(name, String(value));
  }
  if (request.accepts && !headers.has("Accept")) headers.set("Accept", request.accepts);
  const contentType =
    request.contentType ?? (request.processData ? FORM : typeof request.data === "object" ? JSON_TYPE : null);
  if (contentType && !headers.has("Content-Type")) headers.set("Content-Type", contentType);
  return headers;
}

// The data as the fields of a form.
function form(data) {
  return typeof data === "string" ? data : new URLSearchParams(data).toString();
}

function requestBody(request, method) {
  if (withoutBody(method) || request.data === null || request.data === undefined) return undefined;
  if (request.processData) return form(request.data);
  return typeof request.data === "string" ? request.data : JSON.stringify(request.data);
}

// The query: that of the URL and, where the method takes no body, the data.
function requestQuery(url, request, method) {
  if (!withoutBody(method) || !request.data) return url.search;
  const fields = form(request.data);
  return fields ? `${url.search || "?"}${url.search ? "&" : ""}${fields}` : url.search;
}

function withoutBody(method) {
  return method === "GET" || method === "HEAD";
}

async function send(request) {
  const { messageId } = request;
  try {
    const url = new URL(request.url ?? "", location.href);
    if (url.host !== location.host) return refusal("The request is for another host.", messageId);
    const method = String(request.type ?? "GET").toUpperCase();
    const headers = requestHeaders(request);
    // Whether the frame is there is asked with whatever Accept a client has for the rest; the frame is a page.
    if (url.pathname === location.pathname) headers.set("Accept", "*/*");
    // With the origin in front: a path that begins with two slashes would name another host.
    const response = await fetch(location.origin + url.pathname + requestQuery(url, request, method), {
      method,
      headers,
      body: requestBody(request, method),
      credentials: "omit",
      cache: "no-store",
    });
    return {
      status: response.status,
      statusText: response.statusText,
      responseText: await response.text(),
      headers: [...response.headers].map(([name, value]) => `${canonical(name)}: ${value}`).join("\r\n"),
      messageId,
    };
  } catch {
    // There is no server, or the request is none that can be sent; a client that waits is notified in either case.
    return { status: 0, statusText: "error", responseText: "", headers: "", messageId };
  }
}

window.addEventListener("message", async (event) => {
  let request;
  try {
    const message = JSON.parse(event.data);
    request = message?.request ?? message;
  } catch {
    return; // not a message for this frame
  }
  if (request === null || typeof request !== "object") return;
  const allowed = ORIGINS.includes(event.origin);
  const answer = allowed
    ? await send(request)
    : refusal("The origin is not on the list of allowed origins.", request.messageId);
  // A refused origin learns that it is refused and nothing else.
  event.source?.postMessage(JSON.stringify(answer), event.origin === "null" ? "*" : event.origin);
});
