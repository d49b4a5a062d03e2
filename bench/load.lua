-- What wrk sends. Its words after `--`: the kind of load, the file of it, the number of threads, the number to count
-- from. The file: header lines; an empty line; the body, one line; and then for each resource a line of its path, the
-- value of Authorization and its etag, set apart by tabs.
--
-- A thread of a load that writes has one connection only, so what it knows is what that connection was told: POST goes
-- on to another meeting of its own after 100 extensions, and PUT sends the etag that was in the answer before.

local EACH = 100   -- extensions that a meeting takes
local SHARE = 20   -- of these requests one is a PUT in a mixed load
local GENERAL = "If-Match: "

local started = 0
function setup(thread)
  thread:set("number", started)
  started = started + 1
end

local function lines_of(file)
  local headers, body, rows = {}, nil, {}
  for line in io.lines(file) do
    if body ~= nil then
      local path, token, etag = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)$")
      rows[#rows + 1] = { path = path, token = token, etag = etag }
    elseif headers.ended then
      body = line
    elseif line == "" then
      headers.ended = true
    else
      headers[#headers + 1] = line .. "\r\n"
    end
  end
  return table.concat(headers), body, rows
end

-- The request in two parts, between which a further header may stand.
local function parts(method, row, headers, body)
  local head = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " .. row.token .. "\r\n" .. headers
  local rest = "\r\n"
  if method ~= "GET" then
    rest = "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
  return method .. " " .. row.path, head, rest
end

local kinds = {}

function kinds.GET(headers, body, rows)
  local requests, at = {}, 0
  for index, row in ipairs(rows) do
    local line, head, rest = parts("GET", row, headers, body)
    requests[index] = line .. head .. rest
  end
  function request()
    at = at % #requests + 1
    return requests[at]
  end
end

-- A query that nobody had before, so that no whole answer that is kept can serve it.
function kinds.NEW(headers, body, rows, count)
  local lines, heads, at = {}, {}, 0
  for index, row in ipairs(rows) do
    local line, head, rest = parts("GET", row, headers, body)
    lines[index], heads[index] = line .. "?n=", head .. rest
  end
  function request()
    at = at % #lines + 1
    count = count + 1
    return lines[at] .. count .. heads[at]
  end
end

function kinds.POST(headers, body, rows, _, threads)
  local sent, made, at = EACH, "", number + 1 - threads
  function request()
    if sent == EACH then
      sent, at = 0, at + threads
      if rows[at] ~= nil then  -- else the server is asked for one too many, which counts as an error
        local line, head, rest = parts("POST", rows[at], headers, body)
        made = line .. head .. rest
      end
    end
    sent = sent + 1
    return made
  end
end

local function etag_of(headers)
  return headers["etag"] or headers["ETag"] or headers["Etag"]
end

function kinds.PUT(headers, body, rows)
  local row = rows[number + 1]
  local line, head, rest = parts("PUT", row, headers, body)
  local before, behind, etag = line .. head .. GENERAL, "\r\n" .. rest, row.etag
  function request()
    return before .. etag .. behind
  end
  function response(status, answered)
    etag = etag_of(answered) or etag
  end
end

-- Each connection reads the extensions of a meeting of its own, and changes one of them now and then.
function kinds.MIX(headers, body, rows)
  local row = rows[number + 1]
  local line, head, rest = parts("PUT", row, headers, body)
  local before, behind, etag = line .. head .. GENERAL, "\r\n" .. rest, row.etag
  local get, get_head, get_rest = parts("GET", { path = row.path:match("^(.*)/"), token = row.token }, headers, body)
  local read, count = get .. get_head .. get_rest, number
  function request()
    count = count + 1
    return count % SHARE == 0 and before .. etag .. behind or read
  end
  function response(status, answered)
    if count % SHARE == 0 then
      etag = etag_of(answered) or etag
    end
  end
end

function init(args)
  local headers, body, rows = lines_of(args[2])
  kinds[args[1]](headers, body, rows, tonumber(args[4]), tonumber(args[3]))
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("bench %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
