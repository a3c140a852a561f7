-- Sets locks on the target as they are on the source, where nobody holds them there.
--
-- KEYS: 1 target's ledger, 2 locks that were set so, by name the jid, 3.. locks.  ARGV: 1 epoch, then for each lock the jid and the ms it has
--       still to live.
-- Answers: 'locks', and for each 1 where it is set so now, 0 where another job holds it; or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
local held = {}
for i = 3, #KEYS do
  local jid, life = ARGV[2 * (i - 2)], ARGV[2 * (i - 2) + 1]
  local is_set = call('SET', KEYS[i], jid, 'NX', 'PX', life)
  local is_its = is_set or (call('TYPE', KEYS[i]).ok == 'string' and call('GET', KEYS[i]) == jid)
  if is_its then call('HSET', KEYS[2], KEYS[i], jid) end
  held[i - 2] = is_its and 1 or 0
end
return {'locks', held}
