-- Removes the lease of an owner, and the canary with it; nothing where another owner has it.
--
-- KEYS: 1 lease, 2 canary, 3.. further keys of the follow.  ARGV: 1 whom owners' names must begin with.
-- Answers: how many of the first two were removed, and what the lease was ('' where there was none).
local held = redis.call('GET', KEYS[1]) or ''
local owner = string.match(held, '^%d+:(.*)$') or held
if held ~= '' and string.sub(owner, 1, #ARGV[1]) ~= ARGV[1] then return {0, held} end
if #KEYS > 2 then redis.call('DEL', unpack(KEYS, 3)) end
return {redis.call('DEL', KEYS[1], KEYS[2]), held}
