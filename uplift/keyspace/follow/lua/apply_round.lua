-- Brings keys of one server to given states, each only where it is still what the round expects, between `begin` and `end` on the channel.
--
-- KEYS: 1 lease, 2.. keys.  ARGV: 1 the lease as it must be, 2 channel, 3 begin, 4 end (its head), 5 elements and 6 bytes a value that is
--       compared may have, 7 ms two lives may differ by; then for each key seven:
--       1 expected: '*' anything, '' nothing, else a token ('S' a string or 'D' a DUMP, and 16 hex digits of its SHA-1);
--       2 expected life (ms since 1970, -1 never); 3 what to do: 's' SET, 'r' RESTORE, 'n' RENAME from the temporary key in 4, 'd' DEL (of a
--       big value: a name to put it aside by in 4), 'l' the life alone, 'k' nothing; 4 value; 5 life; 6 whether RESTORE takes a moment (ABSTTL); 7 a note that goes with the end.
-- Answers: 'fenced' and the lease; or one letter a key ('o' done, 'c' changed: nothing was written, 'b' too big to compare, 'e' refused),
-- and for each key the token it has now ('B': too big to say), or why it was refused.
--
-- One effect or none: what would not fit is refused by the one command that writes the value (a script's memory is checked before its first
-- write only, src/scripting.c), and every write is a pcall, so that the end is published whatever happened.
local call, sub = redis.call, string.sub
redis.replicate_commands()
local lease = call('GET', KEYS[1])
if lease ~= ARGV[1] then return {'fenced', lease} end
local channel, most_elements, most_bytes, apart = ARGV[2], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
call('PUBLISH', channel, ARGV[3])

-- nil: too big to tell here, unless it was a page's a moment ago.
local function token_of(key, was_on_page)
  local kind = call('TYPE', key).ok
  if kind == 'none' then return '' end
  if kind == 'string' then
    if not was_on_page and call('STRLEN', key) > most_bytes then return nil end
    local value = call('GET', key)
    return value and 'S' .. sub(redis.sha1hex(value), 1, 16) or ''
  end
  if length_of[kind] then
    local elements = call(length_of[kind], key)
    if not was_on_page and is_big(elements, bytes_of(key, kind, elements), most_elements, most_bytes) then return nil end
    end_rehashing(key, kind, elements)
  end
  local payload = call('DUMP', key)
  return payload and 'D' .. sub(redis.sha1hex(sub(payload, 1, -11)), 1, 16) or ''
end

local function same_life(key, expected)
  local ttl = call('PTTL', key)
  if ttl < 0 or expected < 0 then return ttl == expected end
  return math.abs(now + ttl - expected) <= apart
end

-- 'o' where the key is as expected.
local function compare(key, expected, life)
  if expected == '*' then return 'o' end
  local token = token_of(key)
  if token == nil then return 'b' end
  if token ~= expected or (token ~= '' and not same_life(key, life)) then return 'c' end
  return 'o'
end

local function failed(reply) return type(reply) == 'table' and reply.err end

local function has_ended(what, life) return what == 'd' or (what ~= 'k' and life >= 0 and life <= now) end

-- A big value is not freed within the script, which would hold the server: it goes aside, to be drained.
local function put_aside(key, name)
  if call('EXISTS', key) == 0 then return end
  call('RENAME', key, name .. ':old')
  call('PEXPIRE', name .. ':old', 600000)
end

-- Nothing where it went well, else why it did not.
local function write(key, what, value, life, has_absolute)
  local moment = string.format('%.0f', life)
  if has_ended(what, life) then
    if value ~= '' and (what == 'd' or what == 'n') then put_aside(key, value) else call('DEL', key) end
    return nil
  end
  if what == 'r' and life >= 0 and has_absolute then return failed(redis.pcall('RESTORE', key, moment, value, 'REPLACE', 'ABSTTL')) end
  local problem
  if what == 's' then
    problem = failed(redis.pcall('SET', key, value))
  elseif what == 'r' then
    problem = failed(redis.pcall('RESTORE', key, 0, value, 'REPLACE'))
  elseif what == 'n' then
    if call('EXISTS', value) == 0 then return 'MISSING the value that was built is gone' end
    put_aside(key, value)
    call('RENAME', value, key)
  end
  if problem then return problem end
  if what == 'k' then return nil end
  if life >= 0 then call('PEXPIREAT', key, moment) elseif what == 'l' or what == 'n' then call('PERSIST', key) end
end

-- The token of what was just written.
local function written_token(key, what, value, life, expected)
  if has_ended(what, life) then return '' end
  if what == 's' then return 'S' .. sub(redis.sha1hex(value), 1, 16) end
  if what == 'n' then return 'B' end
  if (what == 'k' or what == 'l') and expected ~= '*' then return expected end
  -- Whether it is big is told by one element, and may be told otherwise here than where it was read.
  return token_of(key, what == 'r') or 'B'
end

local letters, tokens, ends = {}, {}, {}
for i = 2, #KEYS do
  local key, at = KEYS[i], 7 * (i - 1)
  local expected, what, value, life, note = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], tonumber(ARGV[at + 5]), ARGV[at + 7]
  local letter, token = compare(key, expected, tonumber(ARGV[at + 2])), ''
  if letter == 'o' then
    local problem = write(key, what, value, life, ARGV[at + 6] == '1')
    if problem then
      letter, token = 'e', problem
    else
      token = written_token(key, what, value, life, expected)
      ends[#ends + 1] = struct.pack('>BI4', #token, #note) .. token .. note
    end
  end
  letters[i - 1], tokens[i - 1] = letter, token
end
letters = table.concat(letters)
call('PUBLISH', channel, ARGV[4] .. letters .. ' ' .. table.concat(ends))
return {letters, tokens}
