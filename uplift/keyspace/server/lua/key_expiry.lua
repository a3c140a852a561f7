-- Answers TIME (s, us) and the PTTL of KEYS[1], which belong together. Writes nothing.
local entry = {KEYS[1], false}
local seconds, microseconds = read_ttls(entry, 1, 2)
if not seconds then return microseconds end
return {seconds, microseconds, entry[2]}
