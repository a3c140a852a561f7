-- Writes one own key of each class of events, so that it shows whether it is on, and says on the channel what was written.
--
-- KEYS: one for each class.  ARGV: 1 channel, 2 message (its head), 3 TTL (ms), 4 the letters of the classes, in the order of the keys.
-- Answers: the letters of the classes that were written to. DEL comes first, so that a server that is full takes the rest too: its memory is
-- looked at before a script's first write only (src/scripting.c).
redis.replicate_commands()
local writes = {
  ['$'] = {'SET', ''}, l = {'RPUSH', ''}, s = {'SADD', ''}, h = {'HSET', '', ''}, z = {'ZADD', 0, ''}, t = {'XADD', '*', '', ''},
}
for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end
local written = ''
for i = 1, #KEYS do
  local letter = string.sub(ARGV[4], i, i)
  local write = writes[letter]
  local reply = redis.pcall(write[1], KEYS[i], unpack(write, 2))
  if type(reply) ~= 'table' or not reply.err then
    written = written .. letter
    redis.call('PEXPIRE', KEYS[i], ARGV[3])
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. written)
return written
