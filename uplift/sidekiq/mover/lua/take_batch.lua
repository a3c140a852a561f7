-- Moves the keys of a batch into an outbox, whole: for each its name, the ms since 1970 it expires at (-1 never), its score in `batches` and
-- in `dead-batches` ('' in none of them), and its DUMP.
--
-- KEYS and ARGV 1 to 3 as take_head.lua, with `batches` as KEYS 3 and `dead-batches` as KEYS 4, from 5 on the keys.  ARGV: 4 the batch's id.
-- Answers: 'taken', keys; or why not.
redis.replicate_commands()
local refused = refusal()
if refused then return refused end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bid, taken = ARGV[4], 0
local score = {call('ZSCORE', KEYS[3], bid) or '', call('ZSCORE', KEYS[4], bid) or ''}
for i = 5, #KEYS do
  local payload = call('DUMP', KEYS[i])
  if payload then
    local ttl = call('PTTL', KEYS[i])
    local moment = ttl < 0 and '-1' or string.format('%.0f', now + ttl)
    call('RPUSH', outbox, KEYS[i], moment, score[1], score[2], payload)
    call('DEL', KEYS[i])
    taken = taken + 1
  end
end
if taken > 0 then
  call('ZREM', KEYS[3], bid)
  call('ZREM', KEYS[4], bid)
  write_down()
end
return {'taken', taken}
