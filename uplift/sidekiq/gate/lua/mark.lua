-- Marks instances of a scheduled job as fired.
--
-- KEYS: 1 the gate, 2 the job's marks.  ARGV: 1 epoch, 2 seconds until the whole key expires ('' for never), then score, member, and so on.
-- Answers: 'written', or why not.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
redis.call('ZADD', KEYS[2], unpack(ARGV, 3))
if ARGV[2] ~= '' then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
return {'written', ''}
