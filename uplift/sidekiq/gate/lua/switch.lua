-- Sets the switch of a scheduled job, or removes it.
--
-- KEYS: 1 the gate, 2 the hash it is in.  ARGV: 1 epoch, 2 field, 3 'set', 'remove', or 'enable' (set where the job itself is in the hash,
--       which its field `cron` says, else remove), 4 value.
-- Answers: 'written', or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
if ARGV[3] == 'set' or (ARGV[3] == 'enable' and call('HEXISTS', KEYS[2], 'cron') == 1) then
  call('HSET', KEYS[2], ARGV[2], ARGV[4])
else
  call('HDEL', KEYS[2], ARGV[2])
end
return {'written', ''}
