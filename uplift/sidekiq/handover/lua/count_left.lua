-- What is left on the source at one instant; it writes nothing, so that it may read sets.
--
-- KEYS: 1 source's ledger, 2.. private queues.
-- Answers: jobs in public queues, in `retry`, `schedule` and `dead` together, in private queues; chunks not confirmed; processes with a
-- heartbeat; number of the next chunk.
local call = redis.call

local function length(key)
  local kind = call('TYPE', key).ok
  if kind == 'list' then return call('LLEN', key) end
  if kind == 'zset' then return call('ZCARD', key) end
  return kind == 'none' and 0 or 1
end

local queues, sets, private, alive = 0, 0, 0, 0
for _, name in ipairs(call('SMEMBERS', 'queues')) do queues = queues + length('queue:' .. name) end
for _, name in ipairs({'retry', 'schedule', 'dead'}) do sets = sets + length(name) end
for i = 2, #KEYS do private = private + length(KEYS[i]) end
for _, identity in ipairs(call('SMEMBERS', 'processes')) do alive = alive + call('EXISTS', identity) end
local held = call('HMGET', KEYS[1], 'next', 'conf')
local following = tonumber(held[1] or '1')
return {queues, sets, private, following - 1 - tonumber(held[2] or '0'), alive, following}
