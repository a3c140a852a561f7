-- Removes marks of a scheduled job.
--
-- KEYS: 1 the gate, 2 the job's marks.  ARGV: 1 epoch, 2 first second, 3 second behind the last one.
-- Answers: 'written', or why not.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], ARGV[2], '(' .. ARGV[3])
return {'written', ''}
