-- Deletes locks that a job still holds, and no other one.
--
-- KEYS: 1 ledger of this server, 2 where it is written down that they were carried, which is forgotten (on the source nothing is there),
--       3.. locks.  ARGV: 1 epoch, then the jid of each.
-- Answers: 'locks', how many were deleted; or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
local deleted = 0
for i = 3, #KEYS do
  call('HDEL', KEYS[2], KEYS[i])
  if call('TYPE', KEYS[i]).ok == 'string' and call('GET', KEYS[i]) == ARGV[i - 1] then deleted = deleted + call('DEL', KEYS[i]) end
end
return {'locks', deleted}
