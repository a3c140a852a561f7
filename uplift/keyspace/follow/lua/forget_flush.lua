-- Takes the mark of a flush away, for who holds the lease.
--
-- KEYS: 1 lease, 2 the mark.  ARGV: 1 the lease as it must be.
-- Answers: 1, or 0 where another holds it or there was no mark.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[2])
