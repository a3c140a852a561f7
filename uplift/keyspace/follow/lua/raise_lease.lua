-- Takes the lease for an owner with a higher epoch, and says so on the channel, with whether nobody had it: then the server was flushed, or
-- it is the first one, and an engine that stands by must know it too.
--
-- KEYS: 1 lease, 2 the mark of a flush.  ARGV: 1 epoch, 2 owner, 3 channel, 4 '1' where this follow has held the lease here, and was not
--       told that anybody removed it: where nobody has it then, the server was flushed.
-- Answers: 1 or 0 (a higher epoch, or this one of another owner, has it), what the lease was ('' where there was none), and whether the mark
-- is there.
redis.replicate_commands()
local mine = ARGV[1] .. ':' .. ARGV[2]
local held = redis.call('GET', KEYS[1]) or ''
local epoch, owner = string.match(held, '^(%d+):(.*)$')
if epoch and (tonumber(epoch) > tonumber(ARGV[1]) or (tonumber(epoch) == tonumber(ARGV[1]) and owner ~= ARGV[2])) then return {0, held, 0} end
if held == '' and ARGV[4] == '1' then redis.call('SET', KEYS[2], mine) end
redis.call('SET', KEYS[1], mine)
redis.call('PUBLISH', ARGV[3], 'r ' .. mine .. (held == '' and ' missing' or ' held'))
return {1, held, redis.call('EXISTS', KEYS[2])}
