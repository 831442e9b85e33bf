-- Builds the requests before the run, one for each line of the file in the first argument:
-- path, token, (for a 304) entity tag and (for a PATCH) JSON body, separated by tabs. The second argument is the mean pause between
-- a response and the connection's next request in milliseconds, 0 for none.
local requests, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token, etag, body = line:match('^([^\t]+)\t([^\t]*)\t([^\t]*)\t(.*)$')
    local headers = { Authorization = 'Bearer ' .. token }
    if etag ~= '' then headers['If-None-Match'] = etag end
    if body == '' then
      requests[#requests + 1] = wrk.format('GET', path, headers)
    else
      headers['Content-Type'] = 'application/json'
      requests[#requests + 1] = wrk.format('PATCH', path, headers, body)
    end
  end
  local pause = tonumber(args[2] or '0')
  if pause > 0 then
    function delay() return math.random(0, 2 * pause) end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationS":%.6f,"bytes":%d,"refused":%d,"broken":%d,"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
