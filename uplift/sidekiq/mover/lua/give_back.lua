-- Puts jobs of a private queue back to the end of its queue that runs next, the oldest first, where its owner has no identity any more.
--
-- KEYS: 1 source's ledger, 2 the owner's identity, 3 private queue, 4 queue, 5 `queues`.  ARGV: 1 epoch, 2 jobs at most, 3 name of the queue.
-- Answers: 'returned', jobs; or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
if call('EXISTS', KEYS[2]) == 1 then return {'alive', 0} end
-- A job that was popped is lost where the push is refused: a script is not rolled back.
local kinds = {[3] = 'list', [4] = 'list', [5] = 'set'}
for i, kind in pairs(kinds) do
  local found = call('TYPE', KEYS[i]).ok
  if found ~= kind and found ~= 'none' then return {'type', 0} end
end
local returned = 0
while returned < tonumber(ARGV[2]) do
  local job = call('LPOP', KEYS[3])
  if not job then break end
  call('RPUSH', KEYS[4], job)
  returned = returned + 1
end
if returned > 0 then call('SADD', KEYS[5], ARGV[3]) end
return {'returned', returned}
