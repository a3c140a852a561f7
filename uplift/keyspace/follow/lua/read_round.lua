-- One side's part of a round: proves that events are on, publishes the round's marker, and reads keys behind it.
--
-- KEYS: 1 canary, 2 lease, 3.. keys.  ARGV: 1 channel, 2 marker, 3 canary's TTL (ms), 4 'value' or 'token', 5 bytes this call may return,
--       6 elements and 7 bytes one value may have, 8 the lease as it must be: where another is met, nothing is published or read, so that an
--       engine that was taken over from does not count rounds any more.
-- Answers: 1 whether the canary was there, 2 who listens to the channel, 3 lease, 4 TIME (s, us) its PTTLs belong to, and for each key four:
-- code, PTTL, the key, and 0 nothing; 1 the string or 2 the DUMP, or of either 16 hex digits of its SHA-1; 3 of one too big 'TYPE SIZE';
-- 4 nothing, since the call had no room for it.
--
-- The PEXPIRE and the PUBLISH are sent to replicas as they are; without replicate_commands 3.2 would send them the whole script, and refuse
-- a write behind TIME (src/scripting.c).
local call, sub = redis.call, string.sub
redis.replicate_commands()
local lease = call('GET', KEYS[2])
if lease ~= ARGV[8] then return {0, 0, lease} end
local canary = call('PEXPIRE', KEYS[1], ARGV[3])
local listeners = call('PUBLISH', ARGV[1], ARGV[2])
local by_value, budget, most_elements, most_bytes = ARGV[4] == 'value', tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local HEAD = 5
local out, returned = {canary, listeners, lease, 0, 0}, 0

-- Code and value of one key.
local function read(key)
  local kind = call('TYPE', key).ok
  if kind == 'none' then return 0, '' end
  if kind == 'string' then
    local size = call('STRLEN', key)
    if size > most_bytes then return 3, kind .. ' ' .. size end
    if returned > 0 and returned + size > budget then return 4, '' end
    local value = call('GET', key)
    if not value then return 0, '' end
    returned = returned + size
    return 1, by_value and value or sub(redis.sha1hex(value), 1, 16)
  end
  if length_of[kind] then
    local elements = call(length_of[kind], key)
    local bytes = bytes_of(key, kind, elements)
    if is_big(elements, bytes, most_elements, most_bytes) then return 3, kind .. ' ' .. elements end
    if returned > 0 and returned + bytes > budget then return 4, '' end
    returned = returned + bytes
    end_rehashing(key, kind, elements)
  end
  local payload = call('DUMP', key)
  if not payload then return 0, '' end
  return 2, by_value and payload or sub(redis.sha1hex(sub(payload, 1, -11)), 1, 16)
end

local n = HEAD
for i = 3, #KEYS do
  local key = KEYS[i]
  local code, value = read(key)
  out[n + 1], out[n + 2], out[n + 3], out[n + 4] = key, 0, code, value
  n = n + 4
end
out[4], out[5] = read_ttls(out, HEAD + 1, 4)
if not out[4] then return out[5] end
return out
