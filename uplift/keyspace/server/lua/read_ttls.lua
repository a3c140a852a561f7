-- The head of every script that answers when keys expire (scripts.py puts it in front of them). Writes nothing.
--
-- PTTL counts from the clock at the time it runs (src/expire.c of 3.2 to 6.2): where the server stands still after a TIME, PTTL is less by
-- as long, and the key would seem to expire early. So the PTTLs of a page are read in one short run between two TIMEs, and again where the
-- server stood still in it. Added to the second TIME, no PTTL makes a key expire early, nor more than MOST_APART late.
local MOST_APART = 5000 -- µs
local MOST_TRIES = 20

-- Puts behind each key of `entries`, which stand `step` apart from `first` on, its PTTL. Returns the TIME they belong to (s, us), or
-- nothing and an error to answer with where the server stood still at every try.
local function read_ttls(entries, first, step)
  local call = redis.call
  for _ = 1, MOST_TRIES do
    local before = call('TIME')
    for i = first, #entries, step do entries[i + 1] = call('PTTL', entries[i]) end
    local after = call('TIME')
    local apart = (after[1] - before[1]) * 1000000 + after[2] - before[2]
    -- Less than nothing: somebody set the clock back.
    if apart >= 0 and apart <= MOST_APART then return after[1], after[2] end
  end
  return nil, redis.error_reply('STALLED TTLs could not be read: the server stood still at each of ' .. MOST_TRIES .. ' tries')
end

