-- Moves members of a sorted set, those of the lowest scores first, into an outbox as score, member. A score is the text the server gives, 17
-- digits: it comes back as the same number.
--
-- KEYS and ARGV 1 to 3 as take_head.lua.  ARGV: 4 members at most, 5 bytes after which no further one is taken, 6 rank to begin at,
--       7 members to look past, 8 1: jobs of batches too, 9.. names of the queues whose jobs may go; none: of all.
-- Answers: 'taken', members, bytes, jobs of batches met, jobs of other queues met, rank to go on at.
local refused = refusal()
if refused then return refused end
local set, most, most_bytes, rank, look = KEYS[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local allowed = {}
for i = 9, #ARGV do allowed[ARGV[i]] = true end

-- A payload that names several queues, one of them perhaps in its arguments, goes where all of them may.
local function is_allowed(job)
  if #ARGV < 9 then return true end
  local named = 0
  for queue in string.gmatch(job, '"queue"%s*:%s*"([^"]*)"') do
    if not allowed[queue] then return false end
    named = named + 1
  end
  return named > 0
end

local taken, bytes, of_batch, of_others = 0, 0, 0, 0
while taken < most and bytes < most_bytes and of_batch + of_others < look do
  local found = call('ZRANGE', set, rank, rank, 'WITHSCORES')
  if #found == 0 then break end
  local job, score = found[1], found[2]
  if ARGV[8] ~= '1' and is_of_batch(job) then
    of_batch, rank = of_batch + 1, rank + 1
  elseif not is_allowed(job) then
    of_others, rank = of_others + 1, rank + 1
  else
    call('ZREM', set, job)
    call('RPUSH', outbox, score, job)
    taken, bytes = taken + 1, bytes + #job
  end
end
if taken > 0 then write_down() end
return {'taken', taken, bytes, of_batch, of_others, rank}
