-- How far a queue has moved since somebody looked at it. Changes nothing.
--
-- KEYS: 1 queue.  ARGV: 1 length of the newest job's payload then, 2 its last bytes, 3 how many jobs to look past at most,
-- 4 bytes after which it looks no further.
-- Answers: jobs now, how many stand in front of that job, whether it was found (0: at least so many came), length of the newest payload
-- now, its last bytes.
local call = redis.call
if call('TYPE', KEYS[1]).ok ~= 'list' then return {0, 0, 0, -1, ''} end
local jobs, length, tail = call('LLEN', KEYS[1]), tonumber(ARGV[1]), ARGV[2]
local newest = call('LINDEX', KEYS[1], 0)
local came, found, bytes = 0, 0, 0
-- One by one, since payloads may be of many megabytes each; at the front of a list an index is found at once.
for at = 0, math.min(jobs, tonumber(ARGV[3])) - 1 do
  local payload = at == 0 and newest or call('LINDEX', KEYS[1], at)
  if #payload == length and string.sub(payload, -#tail) == tail then found = 1 break end
  came = at + 1
  bytes = bytes + #payload
  if bytes > tonumber(ARGV[4]) then break end
end
return {jobs, came, found, #newest, string.sub(newest, -120)}
