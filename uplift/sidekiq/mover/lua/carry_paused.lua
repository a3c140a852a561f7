-- Pauses queues on the target that are paused on the source; each once in a run, so that what an operator resumes there stays so.
--
-- KEYS: 1 target's ledger, 2 names of paused queues.  ARGV: 1 epoch, 2.. queues.
-- Answers: 'paused', how many were paused now; or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
local kind = call('TYPE', KEYS[2]).ok
if kind ~= 'set' and kind ~= 'none' then return {'paused', 0} end
local paused = 0
for i = 2, #ARGV do
  if call('HSETNX', KEYS[1], 'paused:' .. ARGV[i], 1) == 1 then paused = paused + call('SADD', KEYS[2], ARGV[i]) end
end
return {'paused', paused}
