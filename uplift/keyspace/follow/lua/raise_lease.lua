-- Takes the lease for an owner with a higher epoch, and says so on the channel, with whether nobody had it: then the server was flushed, or
-- it is the first one, and an engine that stands by must know it too.
--
-- KEYS: 1 lease.  ARGV: 1 epoch, 2 owner, 3 channel.
-- Answers: 1 or 0 (a higher epoch, or this one of another owner, has it), and what the lease was ('' where there was none).
redis.replicate_commands()
local mine = ARGV[1] .. ':' .. ARGV[2]
local held = redis.call('GET', KEYS[1]) or ''
local epoch, owner = string.match(held, '^(%d+):(.*)$')
if epoch and (tonumber(epoch) > tonumber(ARGV[1]) or (tonumber(epoch) == tonumber(ARGV[1]) and owner ~= ARGV[2])) then return {0, held} end
redis.call('SET', KEYS[1], mine)
redis.call('PUBLISH', ARGV[3], 'r ' .. mine .. (held == '' and ' missing' or ' held'))
return {1, held}
