-- The head of every script that applies a chunk: KEYS 1 target's ledger, 2 journal.  ARGV 1 epoch, 2 number of the chunk, 3 what the journal
-- says of it, 4 number that the journal forgets.
local call = redis.call

-- Nothing, or why this chunk is not to be applied: it was already, or it is not its turn.
local function refusal()
  local held = call('HMGET', KEYS[1], 'epoch', 'applied')
  if held[1] ~= ARGV[1] then return {'epoch', held[1] or ''} end
  local applied, number = tonumber(held[2] or '-1'), tonumber(ARGV[2])
  if number <= applied then return {'applied', call('HGET', KEYS[2], ARGV[2]) or ''} end
  if number ~= applied + 1 then return {'number', held[2] or ''} end
end

local function write_down()
  call('HSET', KEYS[2], ARGV[2], ARGV[3])
  call('HDEL', KEYS[2], ARGV[4])
  call('HSET', KEYS[1], 'applied', ARGV[2])
  return {'applied', ARGV[3]}
end
