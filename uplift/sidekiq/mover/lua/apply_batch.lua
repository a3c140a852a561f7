-- Restores the keys of a batch, all or none.
--
-- KEYS: 1 and 2 as apply_head.lua, 3 `batches`, 4 `dead-batches`, from 5 on the keys.  ARGV: 1 to 4 as apply_head.lua, 5 the batch's id, then
--       for each key the ms since 1970 it expires at (-1 never), scores in `batches` and in `dead-batches`, DUMP.
-- Answers: 'applied' and what the journal says; or why not.
redis.replicate_commands()
local refused = refusal()
if refused then return refused end
for i = 3, 4 do
  local kind = call('TYPE', KEYS[i]).ok
  if kind ~= 'zset' and kind ~= 'none' then return {'type', KEYS[i] .. ' is a ' .. kind} end
end
for i = 5, #KEYS do
  if call('EXISTS', KEYS[i]) == 1 then return {'type', 'a batch of this id is there'} end
end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local scores = {'', ''}
for i = 5, #KEYS do
  local at = 4 * (i - 5) + 5
  local moment = tonumber(ARGV[at + 1])
  scores = {ARGV[at + 2], ARGV[at + 3]}
  if moment < 0 or moment > now then
    local answer = redis.pcall('RESTORE', KEYS[i], moment < 0 and 0 or moment - now, ARGV[at + 4])
    if type(answer) == 'table' and answer.err then
      for before = 5, i - 1 do call('DEL', KEYS[before]) end
      return {'type', answer.err}
    end
  end
end
if scores[1] ~= '' then call('ZADD', KEYS[3], scores[1], ARGV[5]) end
if scores[2] ~= '' then call('ZADD', KEYS[4], scores[2], ARGV[5]) end
return write_down()
