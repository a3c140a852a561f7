-- Moves the oldest jobs of a queue into an outbox. RPOPLPUSH, since LRANGE at the tail walks the whole list.
--
-- KEYS and ARGV 1 to 3 as take_head.lua.  ARGV: 4 jobs at most, 5 bytes after which no further one is taken, 6 jobs of batches to look past, 7 1: they are
-- taken too.
-- Answers: 'taken', jobs, bytes, jobs of batches met; or why not.
local refused = refusal()
if refused then return refused end
local queue, most, most_bytes, look = KEYS[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, bytes, aside = 0, 0, {}
while taken < most and bytes < most_bytes and #aside < look do
  local job = call('RPOPLPUSH', queue, outbox)
  if not job then break end
  if ARGV[7] ~= '1' and is_of_batch(job) then
    call('LPOP', outbox)
    aside[#aside + 1] = job
  else
    taken, bytes = taken + 1, bytes + #job
  end
end
for i = #aside, 1, -1 do call('RPUSH', queue, aside[i]) end
if taken > 0 then write_down() end
return {'taken', taken, bytes, #aside}
