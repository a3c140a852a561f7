-- The head of every script that takes: KEYS 1 source's ledger, 2 outbox, 3 what is taken from.  ARGV 1 epoch, 2 number of the chunk,
-- 3 what the ledger says of the outbox.
--
-- No TIME, SCAN, SMEMBERS or randomness in these scripts: 3.2 sends them to replicas as they are (src/scripting.c).
local call, find = redis.call, string.find
local ledger, outbox = KEYS[1], KEYS[2]

-- Nothing, or why this chunk may not be taken.
local function refusal()
  local held = call('HMGET', ledger, 'epoch', 'next')
  if held[1] ~= ARGV[1] then return {'epoch', held[1] or ''} end
  if held[2] ~= ARGV[2] then return {'number', held[2] or ''} end
  if call('EXISTS', outbox) == 1 then return {'outbox', ''} end
end

local function write_down()
  call('HMSET', ledger, 'next', string.format('%.0f', tonumber(ARGV[2]) + 1), 'o:' .. ARGV[2], ARGV[3])
end

-- Told by its bytes, since a payload is never parsed; a job that only looks like one stays where it is, and runs there.
local function is_of_batch(job)
  return find(job, 'bid"', 1, true) ~= nil or find(job, 'Sidekiq::Batch', 1, true) ~= nil
end
