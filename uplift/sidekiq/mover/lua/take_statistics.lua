-- Moves counters into an outbox as name, number, moment they expire at (ms since 1970, -1 never).
--
-- KEYS: as take_head.lua, 3 sums of what was ever taken, from 4 on the counters.  ARGV 1 to 3 as take_head.lua, then a moment for each counter.
-- Answers: 'taken', counters, and the names of those that are no plain number, which stay.
local refused = refusal()
if refused then return refused end
local taken, others = 0, {}
for i = 4, #KEYS do
  local value = call('TYPE', KEYS[i]).ok == 'string' and call('GET', KEYS[i])
  if value == '0' then
    call('DEL', KEYS[i])
  elseif value and #value < 16 and string.match(value, '^-?[1-9]%d*$') then
    call('RPUSH', outbox, KEYS[i], value, ARGV[i])
    call('HINCRBY', KEYS[3], KEYS[i], value)
    call('DEL', KEYS[i])
    taken = taken + 1
  elseif call('EXISTS', KEYS[i]) == 1 then
    others[#others + 1] = KEYS[i]
  end
end
if taken > 0 then write_down() end
return {'taken', taken, others}
