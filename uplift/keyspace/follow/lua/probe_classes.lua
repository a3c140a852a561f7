-- Writes one own key of each type, so that its class of events shows whether it is on, and says on the channel what was written.
--
-- KEYS: string, list, set, hash, sorted set.  ARGV: 1 channel, 2 message (its head), 3 TTL (ms).
-- Answers: the letters of the classes that were written to. DEL comes first, so that a server that is full takes the rest too: its memory is
-- looked at before a script's first write only (src/scripting.c).
redis.replicate_commands()
local writes = {
  {'$', 'SET', KEYS[1], ''}, {'l', 'RPUSH', KEYS[2], ''}, {'s', 'SADD', KEYS[3], ''}, {'h', 'HSET', KEYS[4], '', ''},
  {'z', 'ZADD', KEYS[5], 0, ''},
}
for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end
local letters = ''
for i = 1, #writes do
  local reply = redis.pcall(unpack(writes[i], 2))
  if type(reply) ~= 'table' or not reply.err then
    letters = letters .. writes[i][1]
    redis.call('PEXPIRE', KEYS[i], ARGV[3])
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. letters)
return letters
