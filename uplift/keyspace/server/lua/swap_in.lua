-- Gives the value built under KEYS[1] the name KEYS[2], in one step. What was there goes aside to KEYS[3] for a moment, because a big value
-- that is overwritten is freed at once and holds the server.
--
-- ARGV: 1 when the key expires (ms since 1970, '' for never), 2 TTL of what goes aside (ms), 3 'keep' to leave a key that is there alone.
-- Answers: 'swapped', 'replaced' where something went aside, 'kept', or 'missing' where nothing was built (an empty value, or one that
-- expired or was evicted meanwhile).
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then return 'missing' end
local answer = 'swapped'
if call('EXISTS', KEYS[2]) == 1 then
  if ARGV[3] == 'keep' then return 'kept' end
  call('RENAME', KEYS[2], KEYS[3])
  call('PEXPIRE', KEYS[3], ARGV[2])
  answer = 'replaced'
end
-- The TTL comes last: a time that is over already deletes the key under its own name, as it would have on the source.
call('RENAME', KEYS[1], KEYS[2])
if ARGV[1] == '' then call('PERSIST', KEYS[2]) else call('PEXPIREAT', KEYS[2], ARGV[1]) end
return answer
